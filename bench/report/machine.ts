import { execFile } from "node:child_process";
import os from "node:os";
import { promisify } from "node:util";
import { findProgram } from "../process/find-program.ts";

/** Where and with what the results were measured. */
export type Machine = Readonly<Record<string, string>>;

/** Processor, kernel and the versions of everything that took part. */
export async function describeMachine(): Promise<Machine> {
  return {
    processor: `${os.cpus()[0]?.model ?? "unknown"}, ${os.availableParallelism()} cores`,
    kernel: `${os.type()} ${os.release()}`,
    node: process.version,
    deno: await version("deno", ["--version"]),
    nginx: await version("nginx", ["-v"]),
    haproxy: await version("haproxy", ["-v"]),
    "load generator": findProgram("wrk") === null ? "own" : `wrk ${await version("wrk", ["-v"])}`,
  };
}

async function version(name: string, args: readonly string[]): Promise<string> {
  const program = findProgram(name);
  if (program === null) return "not installed";
  // wrk prints its version and calls that a failure.
  const said = await promisify(execFile)(program, args).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  return /\d+\.\d+(\.\d+)?/.exec(`${said.stdout} ${said.stderr}`)?.[0] ?? "unknown";
}
