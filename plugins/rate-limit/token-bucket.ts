import type { Bucket, Counters } from "sluice/sdk";
import type { Entered, Limiter } from "./limiter.ts";

/** Sums of many fractions never make a whole one too many, nor one too few, as a part of what is taken. */
const rounding = 1e-3;

/**
 * A bucket that fills by itself: no stretch of t seconds gives more than `burst + rate * t`.
 *
 * @example
 * takingBucket({ rate: 10, burst: 20 }).enter(ctx.counters, "203.0.113.7", 1).allowed; // true
 */
export function takingBucket(bucket: Bucket): Limiter {
  return {
    isForgetful: true,
    enter(counters, key, cost) {
      const { allowed, wait, left, reset } = counters.take(key, cost, bucket);
      return { allowed, wait, left, reset, ticket: 0 };
    },
    undo() {
      throw new Error("Cannot give back to a bucket: it is asked last");
    },
  };
}

/**
 * The same bucket, which may be given back to and which may owe: at most as much again as it holds. It is for limits that
 * others follow, or whose cost turns out later; one number for each key, the time at which it is full (GCRA).
 */
export function owingBucket({ rate, burst }: Bucket): Limiter {
  const perMs = rate / 1000;
  /** Moves the time by what `cost` takes to flow in. */
  const move = (counters: Counters, key: string, cost: number): void => {
    for (;;) {
      const now = counters.now();
      const kept = counters.get(key);
      const from = kept === undefined || kept < now ? now : kept;
      const full = Math.min(from + cost / perMs, now + (2 * burst) / perMs);
      if (full <= now) {
        if (kept === undefined || counters.delete(key)) return;
      } else if (counters.compareAndSet(key, kept, full, { ttl: ttlOf(full - now) })) {
        return;
      }
    }
  };
  return {
    enter(counters, key, cost) {
      for (;;) {
        const now = counters.now();
        const kept = counters.get(key);
        const from = kept === undefined || kept < now ? now : kept;
        const full = from + cost / perMs;
        const late = full - (now + burst / perMs);
        if (late > (rounding * cost) / perMs) {
          return standing(false, cost > burst ? Number.POSITIVE_INFINITY : late / 1000, from - now);
        }
        if (counters.compareAndSet(key, kept, full, { ttl: ttlOf(full - now) })) {
          return standing(true, 0, full - now);
        }
      }
    },
    undo: (counters, key, cost) => move(counters, key, -cost),
    charge: (counters, key, cost) => move(counters, key, cost),
  };

  /** @param toFull in ms */
  function standing(allowed: boolean, wait: number, toFull: number): Entered {
    return { allowed, wait, left: Math.max(0, burst - toFull * perMs), reset: toFull / 1000, ticket: 0 };
  }
}

/** Seconds; a bucket that is full need not be kept. */
function ttlOf(ms: number): number {
  return Math.max(0.001, ms / 1000);
}
