import type { Counters } from "sluice/sdk";
import { type Period, type Span, spanAt } from "./calendar.ts";
import { giveBack } from "./give-back.ts";
import type { Limiter } from "./limiter.ts";

/** Seconds for which a period that is over is remembered: clocks are set back. */
const grace = 3600;

/**
 * So much in a day or a month of the calendar.
 *
 * @param clock ms since 1970
 */
export function quota(
  limit: number,
  period: Period,
  utcOffset: number,
  clock: () => number = Date.now,
): Limiter {
  let span: Span = spanAt(period, clock(), utcOffset);
  const spanOf = (now: number): Span => {
    if (now < span.begin || now >= span.end) span = spanAt(period, now, utcOffset);
    return span;
  };
  return {
    enter(counters, key, cost) {
      const now = clock();
      const { name, begin, end } = spanOf(now);
      const reset = (end - now) / 1000;
      const place = `${key} ${name}`;
      const sum = counters.add(place, cost, { most: limit, ttl: reset + grace });
      if (sum !== undefined) return { allowed: true, wait: 0, left: limit - sum, reset, ticket: begin };
      // Written, though nothing changes: what was not written for longest is what is forgotten first.
      const left = Math.max(0, limit - counters.add(place, 0, { ttl: reset + grace }));
      const wait = cost > limit ? Number.POSITIVE_INFINITY : reset;
      return { allowed: false, wait, left, reset, ticket: begin };
    },
    undo(counters, key, cost, begin) {
      const { place, ttl } = placeOf(key, begin);
      giveBack(counters, place, cost, ttl);
    },
    /** Belongs to the period in which the request came. */
    charge(counters: Counters, key: string, cost: number, begin: number) {
      const { place, ttl } = placeOf(key, begin);
      counters.add(place, cost, { ttl });
    },
  };

  function placeOf(key: string, begin: number) {
    const { name, end } = begin === span.begin ? span : spanAt(period, begin, utcOffset);
    return { place: `${key} ${name}`, ttl: Math.max(0, (end - clock()) / 1000) + grace };
  }
}
