/** ms before the first repetition. */
const base = 1_000;
/** ms between two tries at most. */
const longest = 60_000;

/**
 * ms to wait after so many failures in a row, at least one: doubling up to a minute, of which at least half is
 * waited for, and the rest at random, so that the proxies of a fleet do not ask all at once ("equal jitter" of
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 *
 * @param random in [0, 1)
 * @example
 * backoff(3, () => 0.5); // 3000
 */
export function backoff(failures: number, random: () => number): number {
  const most = Math.min(longest, base * 2 ** Math.min(failures - 1, 16));
  return Math.round(most / 2 + (most / 2) * random());
}
