import type { Counters } from "sluice/sdk";

/**
 * Takes from a number what was added to it. A number that is not there any more has been forgotten, and must not
 * become a permission too many: it stays 0.
 *
 * @param ttl in s
 */
export function giveBack(counters: Counters, key: string, cost: number, ttl: number): void {
  const sum = counters.add(key, -cost, { ttl });
  if (sum < 0) counters.add(key, Math.min(cost, -sum), { ttl });
}
