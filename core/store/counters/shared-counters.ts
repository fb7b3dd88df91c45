import { expiry } from "../expiry.ts";
import { sharedClock } from "../shared/clock.ts";
import { SharedStore } from "../shared/store.ts";
import { StoreMemory } from "../shared/store-memory.ts";
import type { SharedTable } from "../shared/table.ts";
import { type BucketRule, type Taken, takeFrom } from "./bucket.ts";
import type { Counters } from "./counters.ts";

/**
 * Counters in memory that threads share, beside the values of `SharedKeyValues` and in the same room. The clock is read under
 * the lock: a thread that waited for it would otherwise go by a time before what others did meanwhile.
 *
 * @example
 * const counters = new SharedCounters(createStoreMemory());
 * counters.add("limiter", "203.0.113.7", 1, 60_000, 100); // 1
 */
export class SharedCounters implements Counters {
  private readonly store: SharedStore;
  private readonly clock: () => number;

  /**
   * @param memory of `createStoreMemory`
   * @param clock in ms, the same for all threads. Default: since the memory was made; a number that stays small
   *   keeps fractions of a microsecond, which a bucket that fills fast needs
   * @param wait for a thread that is at work on the same shard, in ms
   */
  constructor(memory: SharedArrayBuffer, clock?: () => number, wait?: number) {
    const view = new StoreMemory(memory);
    this.store = new SharedStore(view, "#", wait);
    this.clock = clock ?? (() => sharedClock() - view.begun);
  }

  now(): number {
    return this.clock();
  }

  get(namespace: string, key: string): number | null {
    const { store } = this;
    store.aim(namespace, key);
    const table = store.enter();
    try {
      const now = this.clock();
      const entry = table.find(store.key, store.hash, now);
      return entry === 0 ? null : table.number(entry);
    } finally {
      store.leave(table);
    }
  }

  set(namespace: string, key: string, value: number, ttl: number | null): void {
    const { store } = this;
    const slot = store.aim(namespace, key);
    const table = store.enter();
    try {
      const now = this.clock();
      this.put(table, slot, table.find(store.key, store.hash, now), value, expiry(now, ttl));
    } finally {
      store.leave(table);
    }
  }

  delete(namespace: string, key: string): boolean {
    return this.store.delete(namespace, key, this.clock);
  }

  add(namespace: string, key: string, by: number, ttl: number | null, most: number | null): number | null {
    const { store } = this;
    const slot = store.aim(namespace, key);
    const table = store.enter();
    try {
      const now = this.clock();
      const entry = table.find(store.key, store.hash, now);
      const sum = entry === 0 ? by : table.number(entry) + by;
      if (!Number.isFinite(sum) || (most !== null && sum > most)) return null;
      if (entry === 0) this.put(table, slot, 0, sum, expiry(now, ttl));
      else table.setNumber(entry, sum);
      return sum;
    } finally {
      store.leave(table);
    }
  }

  compareAndSet(
    namespace: string,
    key: string,
    expected: number | null,
    next: number,
    ttl: number | null,
  ): boolean {
    const { store } = this;
    const slot = store.aim(namespace, key);
    const table = store.enter();
    try {
      const now = this.clock();
      const entry = table.find(store.key, store.hash, now);
      if ((entry === 0 ? null : table.number(entry)) !== expected) return false;
      this.put(table, slot, entry, next, expiry(now, ttl));
      return true;
    } finally {
      store.leave(table);
    }
  }

  take(namespace: string, key: string, cost: number, rule: BucketRule): Taken {
    const { store } = this;
    const slot = store.aim(namespace, key);
    const table = store.enter();
    try {
      const now = this.clock();
      const entry = table.find(store.key, store.hash, now);
      const taken = takeFrom(entry === 0 ? null : table.number(entry), cost, rule, now);
      // A full bucket is one that is not known. Who is refused is remembered, as who asks and is not.
      if (taken.full > now) this.put(table, slot, entry, taken.full, taken.full);
      return taken;
    } finally {
      store.leave(table);
    }
  }

  /** @param entry 0: there is none yet */
  private put(table: SharedTable, namespace: number, entry: number, value: number, expires: number): void {
    if (entry !== 0) {
      table.setNumber(entry, value);
      table.setExpires(entry, expires);
      return;
    }
    const { key, hash } = this.store;
    table.add({ namespace, key, hash, value, expires });
  }
}
