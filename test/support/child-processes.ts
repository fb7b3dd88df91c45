import { readdirSync, readFileSync } from "node:fs";

export interface ChildProcess {
  readonly pid: number;
  /** Of its command, the program first. */
  readonly args: readonly string[];
}

/** The processes that a process has started, from any of its threads, and that are there. Needs Linux. */
export function childrenOf(parent: number): ChildProcess[] {
  return entriesOf(`/proc/${parent}/task`)
    .flatMap((thread) => textOf(`/proc/${parent}/task/${thread}/children`).split(" "))
    .filter((pid) => pid !== "")
    .map((pid) => ({ pid: Number(pid), args: textOf(`/proc/${pid}/cmdline`).split("\0") }))
    .filter(({ args }) => args[0] !== "");
}

/** The data process of a control process; null while there is none. */
export function dataProcessOf(control: number): number | null {
  return (
    childrenOf(control).find(({ args }) => args.some((text) => text.includes("/core/data/")))?.pid ?? null
  );
}

/** Empty: it has ended meanwhile. */
function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
