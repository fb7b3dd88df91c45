import type { Limiter } from "../../../plugins/rate-limit/limiter.ts";
import type { Counters } from "../../../sdk/index.ts";
import { type MovedClock, pluginCounters } from "../../support/plugin-counters.ts";

export interface Ticket {
  readonly ticket: number;
  readonly cost: number;
}

/** What happens before a step of a request. */
export interface Stop {
  /** Ms. */
  readonly pause: number;
  /** Requests that come and go meanwhile, each of which may be stopped as well. */
  readonly others: number;
}

const mostRequests = 120;
const deepest = 3;

/**
 * Requests of several reactors of which each may be stopped between any two of its steps, while time goes on and others
 * run.
 *
 * @param stops before each step, over and over
 * @param longest ms for which a request may be stopped in all
 * @returns the tickets of those that were let through; null: one was stopped for longer
 */
export function interrupted(limiter: Limiter, stops: readonly Stop[], longest: number): Ticket[] | null {
  const clock: MovedClock = { now: 12_345 };
  const through: Ticket[] = [];
  let step = 0;
  let depth = 0;
  let requests = 0;
  let isTooLate = false;
  const counters = new Proxy(pluginCounters(clock), {
    get(target, name: keyof Counters) {
      return (...given: unknown[]) => {
        const { pause, others } = stops[step++ % stops.length]!;
        clock.now += pause;
        for (let other = 0; other < others && depth < deepest && requests < mostRequests; other++) request();
        return (target[name] as (...all: unknown[]) => unknown)(...given);
      };
    },
  });
  while (requests < mostRequests) request();
  return isTooLate ? null : through;

  function request(): void {
    requests++;
    depth++;
    const begin = clock.now;
    const { allowed, ticket } = limiter.enter(counters, "key", 1);
    if (clock.now - begin > longest) isTooLate = true;
    depth--;
    if (allowed) through.push({ ticket, cost: 1 });
  }
}
