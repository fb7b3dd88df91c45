/** Lines that may follow each other at once. */
const burst = 10;
/** ms until there may be one more. */
const refill = 1000;

interface Allowance {
  /** ms: each line costs `refill` of it. */
  credit: number;
  /** When `credit` was right. */
  at: number;
  suppressed: number;
}

/**
 * Which faults of a plugin get a line in the log: requests that are made to fail must not fill it. Ten in a row, then
 * one a second; each kind has its own allowance, so that a flood of one hides no other.
 *
 * What was left out is told with the next line that is not.
 *
 * @param now the clock, in ms
 * @example
 * const admit = faultLines(performance.now);
 * admit("onRequest"); // 0: there may be a line, and none was left out; null: there may be none
 */
export function faultLines(now: () => number): (kind: string) => number | null {
  const allowances = new Map<string, Allowance>();
  return (kind) => {
    const time = now();
    let allowance = allowances.get(kind);
    if (allowance === undefined) {
      allowance = { credit: burst * refill, at: time, suppressed: 0 };
      allowances.set(kind, allowance);
    }
    allowance.credit = Math.min(burst * refill, allowance.credit + time - allowance.at);
    allowance.at = time;
    if (allowance.credit < refill) {
      allowance.suppressed++;
      return null;
    }
    allowance.credit -= refill;
    const { suppressed } = allowance;
    allowance.suppressed = 0;
    return suppressed;
  };
}
