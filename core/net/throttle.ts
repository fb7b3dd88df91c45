/** Least time between two log lines about the same trouble, ms. */
const interval = 10_000;

/**
 * Reports something that may happen thousands of times a second: at once the first time, then at most
 * once in 10 s.
 *
 * @param report gets how often it happened since the last report.
 * @param now the clock, ms.
 */
export function throttled<Detail>(
  report: (count: number, latest: Detail) => void,
  now: () => number = Date.now,
): (detail: Detail) => void {
  let count = 0;
  let next = Number.NEGATIVE_INFINITY;
  return (detail) => {
    count++;
    const time = now();
    if (time < next) return;
    next = time + interval;
    report(count, detail);
    count = 0;
  };
}
