/**
 * When a value is forgotten, in ms of the clock.
 *
 * @param ttl in ms; null: never
 */
export function expiry(now: number, ttl: number | null): number {
  return ttl === null ? Number.POSITIVE_INFINITY : now + ttl;
}
