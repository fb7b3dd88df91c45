import { execFile } from "node:child_process";
import os from "node:os";
import { promisify } from "node:util";
import { findProgram } from "../process/find-program.ts";
import { workerd, workerdProgram } from "../proxies/workerd.ts";

/** Where and with what the results were measured. */
export type Machine = Readonly<Record<string, string>>;

/** Processor, kernel and the versions of everything that took part. */
export async function describeMachine(): Promise<Machine> {
  const wrk = findProgram("wrk");
  return {
    processor: `${os.cpus()[0]?.model ?? "unknown"}, ${os.availableParallelism()} cores`,
    kernel: `${os.type()} ${os.release()}`,
    node: process.version,
    deno: await version(findProgram("deno"), ["--version"]),
    nginx: await version(findProgram("nginx"), ["-v"]),
    haproxy: await version(findProgram("haproxy"), ["-v"]),
    workerd: await version(workerd.absent === null ? workerdProgram : null, ["--version"]),
    "load generator": wrk === null ? "own" : `wrk ${await version(wrk, ["-v"])}`,
  };
}

async function version(program: string | null, args: readonly string[]): Promise<string> {
  if (program === null) return "not installed";
  // wrk prints its version and calls that a failure.
  const said = await promisify(execFile)(program, args).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  return /\d+[.-]\d+([.-]\d+)?/.exec(`${said.stdout} ${said.stderr}`)?.[0] ?? "unknown";
}
