/** ms before the first repetition. */
const base = 100;
/** ms between two tries at most. */
const longest = 5000;

/**
 * ms to wait after so many failures in a row, at least one: doubling up to 5 s, of which at least half is waited for and the
 * rest at random, so that a fleet does not come back to its store at the same moment.
 *
 * @param random in [0, 1)
 * @example
 * reconnectDelay(3, () => 0.5); // 300
 */
export function reconnectDelay(failures: number, random: () => number): number {
  const most = Math.min(longest, base * 2 ** Math.min(failures - 1, 16));
  return Math.round(most / 2 + (most / 2) * random());
}
