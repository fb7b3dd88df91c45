import { readFileSync } from "node:fs";
import { dataProcessOf } from "../support/child-processes.ts";
import { freePort } from "../support/free-port.ts";
import { type Program, startProgram } from "../support/program.ts";

export interface SluiceProcess extends AsyncDisposable {
  readonly program: Program;
  readonly port: number;
  /** Pid of the process that proxies; it changes when that process is replaced. */
  dataPid(): number;
}

/** Starts the `sluice` command on a free port; disposing of it ends it. */
export async function startSluice(...args: string[]): Promise<SluiceProcess> {
  const port = await freePort();
  const program = startProgram(process.execPath, [
    ...["core/cli/main.ts", "--listen", `127.0.0.1:${port}`, "--admin", "off", "--no-access-log"],
    ...args,
  ]);
  await program.said(/Sluice is listening/);
  return {
    program,
    port,
    dataPid: () => dataProcessOf(program.pid)!,
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

/** Resident memory of a process, bytes. */
export function residentMemory(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
  return Number(kilobytes) * 1024;
}

/** The reason to skip a test that looks into /proc, in the shape that node-tap takes. */
export const noProc: string | false = process.platform !== "linux" && "no /proc on this system";
