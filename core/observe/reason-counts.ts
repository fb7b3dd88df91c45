/** `reason` is an error code, or `ok`; of retries, the limit that was met; of faults, their kind. */
export interface ReasonCount {
  readonly reason: string;
  readonly count: number;
}

/** Those that occurred, of counters that lie side by side in the order of their reasons. */
export function reasonCounts(reasons: readonly string[], counts: Float64Array): ReasonCount[] {
  return reasons
    .map((reason, index) => ({ reason, count: counts[index]! }))
    .filter((entry) => entry.count > 0);
}
