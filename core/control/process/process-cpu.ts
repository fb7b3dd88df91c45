import { readFileSync } from "node:fs";

/** Linux counts in these for programs, whatever it counts in itself. */
const ticksPerSecond = 100;

/**
 * CPU time that a thread of a process has used, in ms; null where the system does not tell.
 *
 * @param thread null: all of them together
 */
export function cpuTimeOf(pid: number | undefined, thread: number | null): number | null {
  try {
    const place = thread === null ? `/proc/${pid}` : `/proc/${pid}/task/${thread}`;
    const text = readFileSync(`${place}/stat`, "latin1");
    // The name of the program comes second, in parentheses, and may hold anything.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    return Number.isFinite(ticks) ? (ticks * 1000) / ticksPerSecond : null;
  } catch {
    return null;
  }
}
