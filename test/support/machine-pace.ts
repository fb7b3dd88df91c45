import { spawnSync } from "node:child_process";

/** What it takes to start a bare Node on the machine that the limits in seconds are meant for, in ms. */
const usualStart = 40;

/**
 * How many times slower than that this machine is now, 1 at least: a limit on restarts is one on starting processes, which
 * a machine that is shared with others may take three times as long for.
 */
export function machinePace(): number {
  const starts = Array.from({ length: 7 }, () => {
    const began = performance.now();
    spawnSync(process.execPath, ["-e", "0"]);
    return performance.now() - began;
  });
  return Math.max(1, starts.sort((a, b) => a - b)[3]! / usualStart);
}
