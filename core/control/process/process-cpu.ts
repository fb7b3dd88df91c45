import { readFileSync } from "node:fs";

/** Linux counts in these for programs, whatever it counts in itself. */
const ticksPerSecond = 100;

/**
 * CPU time that a process has used, all its threads together, in ms; null where the system does not tell.
 */
export function cpuTimeOf(pid: number | undefined): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name of the program comes second, in parentheses, and may hold anything.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    return Number.isFinite(ticks) ? (ticks * 1000) / ticksPerSecond : null;
  } catch {
    return null;
  }
}
