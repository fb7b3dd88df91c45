/** What a process tree costs, read from Linux's /proc. */
import { readdirSync, readFileSync } from "node:fs";

// USER_HZ: proc_pid_stat(5) counts in these whatever the kernel's own tick is.
const ticksPerSecond = 100;
const bytesPerKilobyte = 1024;

/**
 * The process and all its living descendants. A process that ends while being looked at is left out.
 *
 * @param root - process id
 */
export function processTree(root: number): number[] {
  const tree = [root];
  for (const pid of tree) tree.push(...childrenOf(pid));
  return tree;
}

/**
 * User and system time of the tree in seconds: every thread, every living descendant and every
 * descendant already reaped, so that the difference between two readings misses nobody.
 *
 * @param root - process id
 */
export function cpuSeconds(root: number): number {
  let ticks = 0;
  for (const pid of processTree(root)) ticks += cpuTicks(pid);
  return ticks / ticksPerSecond;
}

/**
 * Proportional set size of the tree in bytes: pages that several processes share are divided
 * between them, so a control and a data process do not count the same binary twice.
 *
 * @param root - process id
 */
export function memoryBytes(root: number): number {
  let bytes = 0;
  for (const pid of processTree(root)) bytes += rolledUp(pid, "Pss");
  return bytes;
}

/**
 * Resident set size of the tree in bytes: a page that two processes share counts twice.
 *
 * @param root - process id
 */
export function residentBytes(root: number): number {
  let bytes = 0;
  for (const pid of processTree(root)) bytes += rolledUp(pid, "Rss");
  return bytes;
}

function childrenOf(pid: number): number[] {
  try {
    // Every thread lists the children it made itself.
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "latin1").split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

function cpuTicks(pid: number): number {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  // The command name may hold spaces and parentheses; fields are counted from its last ")".
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // utime, stime, cutime, cstime: fields 14 to 17, the first one after the name being field 3.
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
}

/** Sum over all mappings of a process, in bytes. */
function rolledUp(pid: number, field: "Pss" | "Rss"): number {
  const lines = readOrEmpty(`/proc/${pid}/smaps_rollup`);
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(lines)?.[1];
  return Number(kilobytes ?? 0) * bytesPerKilobyte;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
