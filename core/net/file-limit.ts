/** How many files and sockets this process may have open. */
import { readFileSync } from "node:fs";

/** Null where the system does not tell: only Linux does, and a sandboxed process may not look. */
export function openFileLimit(): number | null {
  try {
    const line = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"));
    return line === null ? null : Number(line[1]);
  } catch {
    return null;
  }
}
