/** ms. A resolver that says 0 is not asked for every request all the same. */
const soonest = 1_000;
/** ms. A record that is good for a day may have been a mistake. */
const latest = 5 * 60_000;
/** ms after which what failed in part is tried again at the latest. */
const latestInDoubt = 10_000;

/**
 * ms after which a name is looked up again: when the first of its records is no longer good (RFC 1035 section
 * 3.2.1), within bounds.
 *
 * @param ttl s; null: nothing was told
 * @param inDoubt part of the answer is missing
 * @example
 * refreshIn(30, false); // 30000
 */
export function refreshIn(ttl: number | null, inDoubt: boolean): number {
  const wait = ttl === null ? latest : Math.min(latest, Math.max(soonest, ttl * 1000));
  return inDoubt ? Math.min(wait, latestInDoubt) : wait;
}
