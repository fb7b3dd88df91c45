import type { Counters as Store } from "../../core/store/counters/counters.ts";
import { MemoryCounters } from "../../core/store/counters/memory-counters.ts";
import { SharedCounters } from "../../core/store/counters/shared-counters.ts";
import { createStoreMemory } from "../../core/store/shared/store-memory.ts";
import type { Counters } from "../../sdk/index.ts";

/** A clock that the test moves, in ms. */
export interface MovedClock {
  now: number;
}

/**
 * `ctx.counters` of one plugin, without a guest between: for the pure parts of plugins.
 *
 * @param clock what `now()` and times to live go by
 * @example
 * const clock = { now: 0 };
 * const circuit = new Circuit("orders", rules, pluginCounters(clock));
 */
export function pluginCounters(clock: MovedClock): Counters {
  return asPluginSees(new MemoryCounters(() => clock.now));
}

/** The same counters as so many reactors see them. */
export function reactorCounters(clock: MovedClock, reactors: number): Counters[] {
  const memory = createStoreMemory({ shards: 2, spares: 0, bytes: 256 * 1024 });
  return Array.from({ length: reactors }, () => asPluginSees(new SharedCounters(memory, () => clock.now)));
}

function asPluginSees(store: Store): Counters {
  const ms = (ttl: number | undefined) => (ttl === undefined ? null : ttl * 1000);
  const add: Counters["add"] = (
    key: string,
    by = 1,
    options?: { readonly ttl?: number; readonly most?: number },
  ) => (store.add("plugin", key, by, ms(options?.ttl), options?.most ?? null) ?? undefined) as number;
  return {
    now: () => store.now(),
    get: (key) => store.get("plugin", key) ?? undefined,
    set: (key, value, options) => store.set("plugin", key, value, ms(options?.ttl)),
    delete: (key) => store.delete("plugin", key),
    add,
    compareAndSet: (key, expected, next, options) =>
      store.compareAndSet("plugin", key, expected ?? null, next, ms(options?.ttl)),
    take(key, cost, { rate, burst }) {
      const { wait, left, reset } = store.take("plugin", key, cost, { rate: rate / 1000, burst });
      return { allowed: wait === 0, wait: wait / 1000, left, reset: reset / 1000 };
    },
  };
}
