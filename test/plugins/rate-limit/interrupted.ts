import type { Limiter } from "../../../plugins/rate-limit/limiter.ts";
import type { Counters } from "../../../sdk/index.ts";
import { type MovedClock, pluginCounters } from "../../support/plugin-counters.ts";

export interface Ticket {
  readonly ticket: number;
  readonly cost: number;
}

/**
 * Requests of several reactors of which each may be stopped between any two of its steps, while time goes on and others
 * run.
 *
 * @param pauses ms before each step, over and over
 * @param depths how many requests are under way at most when the next one comes, one for each request
 * @returns the tickets of those that were let through
 */
export function interrupted(
  limiter: Limiter,
  pauses: readonly number[],
  depths: readonly number[],
): Ticket[] {
  const clock: MovedClock = { now: 12_345 };
  const through: Ticket[] = [];
  const waiting = [...depths];
  let step = 0;
  let depth = 0;
  const counters = new Proxy(pluginCounters(clock), {
    get(target, name: keyof Counters) {
      return (...given: unknown[]) => {
        clock.now += pauses[step++ % pauses.length]!;
        if (depth < waiting[0]! && step % 3 > 0) request();
        return (target[name] as (...all: unknown[]) => unknown)(...given);
      };
    },
  });
  while (waiting.length > 0) request();
  return through;

  function request(): void {
    waiting.shift();
    depth++;
    const { allowed, ticket } = limiter.enter(counters, "key", 1);
    depth--;
    if (allowed) through.push({ ticket, cost: 1 });
  }
}
