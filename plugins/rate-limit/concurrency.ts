import { giveBack } from "./give-back.ts";
import { type Limiter, stall } from "./limiter.ts";

/**
 * So many requests at the same time. Places are counted by the stretch of `hold` seconds in which they were taken, and
 * those of the current and the last one count: a place that nobody gives back, because the guest or the reactor that
 * held it is gone, is free again after one to two times `hold`.
 *
 * @param hold in s
 */
export function concurrency(limit: number, hold: number): Limiter {
  const size = hold * 1000;
  const ttl = 3 * hold;
  // Of a stretch that does not count any more it changes nothing.
  const free: Limiter["undo"] = (counters, key, cost, stretch) =>
    giveBack(counters, `${key} ${stretch}`, cost, ttl);
  return {
    enter(counters, key, cost) {
      for (;;) {
        const stretch = Math.floor(counters.now() / size);
        // Shrinks at most, as nobody takes places there any more: who is late to do so finds the head and turns back.
        const head = counters.get(`${key} head`);
        if (head === undefined || head < stretch) {
          if (!counters.compareAndSet(`${key} head`, head, stretch, { ttl: ttl + stall })) continue;
        } else if (head > stretch) {
          continue;
        }
        const last = counters.get(`${key} ${stretch - 1}`) ?? 0;
        const sum = counters.add(`${key} ${stretch}`, cost, { most: limit - last, ttl });
        if (sum === undefined) return { allowed: false, wait: 1, left: 0, reset: null, ticket: stretch };
        if ((counters.get(`${key} head`) ?? stretch) > stretch) {
          free(counters, key, cost, stretch);
          continue;
        }
        return { allowed: true, wait: 0, left: limit - last - sum, reset: null, ticket: stretch };
      }
    },
    undo: free,
    leave: free,
  };
}
