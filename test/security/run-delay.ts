import { readFileSync } from "node:fs";

/**
 * Time for which this process's first thread was ready and no processor was free, in ms. Others may use the machine: what
 * they take of it is no delay that a guest has caused.
 *
 * @returns 0 where the system does not tell
 */
export function runDelay(): number {
  try {
    const [, waited] = readFileSync(`/proc/${process.pid}/schedstat`, "latin1").split(" ");
    return Number(waited) / 1e6;
  } catch {
    return 0;
  }
}
