import { expiry } from "../expiry.ts";
import { sharedClock } from "../shared/clock.ts";
import { PackedText } from "../shared/packed-text.ts";
import { SharedStore } from "../shared/store.ts";
import { StoreMemory } from "../shared/store-memory.ts";
import type { SharedTable } from "../shared/table.ts";
import type { KeyValues } from "./key-values.ts";

/**
 * Values in memory that threads share: every thread makes one of these from the same memory, and each operation
 * is one step for all of them. What has room, and what a thread leaves behind that dies: see `SharedStore`.
 *
 * @example
 * const store = new SharedKeyValues(createStoreMemory());
 * store.increment("limiter", "203.0.113.7", 1, 60_000); // 1
 */
export class SharedKeyValues implements KeyValues {
  private readonly store: SharedStore;
  private readonly now: () => number;
  private readonly value = new PackedText();

  /**
   * @param memory of `createStoreMemory`
   * @param now in ms, the same for all threads
   * @param wait for a thread that is at work on the same shard, in ms
   */
  constructor(memory: SharedArrayBuffer, now: () => number = sharedClock, wait?: number) {
    this.store = new SharedStore(new StoreMemory(memory), " ", wait);
    this.now = now;
  }

  get(namespace: string, key: string): string | null {
    const { store } = this;
    store.aim(namespace, key);
    const table = store.enter();
    let number: number | null = null;
    try {
      const now = this.now();
      const entry = table.find(store.key, store.hash, now);
      if (entry === 0) return null;
      if (table.isNumber(entry)) number = table.number(entry);
      else table.readText(entry, this.value);
    } finally {
      store.leave(table);
    }
    return number === null ? this.value.unpack() : String(number);
  }

  set(namespace: string, key: string, value: string, ttl: number | null): void {
    const { store } = this;
    const slot = store.aim(namespace, key);
    this.value.pack(value);
    const table = store.enter();
    try {
      const now = this.now();
      const entry = table.find(store.key, store.hash, now);
      if (entry !== 0) table.remove(entry);
      this.add(table, slot, this.value, expiry(now, ttl));
    } finally {
      store.leave(table);
    }
  }

  delete(namespace: string, key: string): boolean {
    return this.store.delete(namespace, key, this.now);
  }

  increment(namespace: string, key: string, by: number, ttl: number | null): number {
    const { store } = this;
    const slot = store.aim(namespace, key);
    const table = store.enter();
    try {
      const now = this.now();
      const entry = table.find(store.key, store.hash, now);
      const sum = entry === 0 ? by : this.numberIn(table, entry) + by;
      if (!Number.isFinite(sum)) throw new TypeError(`Cannot increment ${key}: its value is not a number`);
      if (entry !== 0 && table.isNumber(entry)) {
        table.setNumber(entry, sum);
        return sum;
      }
      const expires = entry === 0 ? expiry(now, ttl) : table.expires(entry);
      if (entry !== 0) table.remove(entry);
      this.add(table, slot, sum, expires);
      return sum;
    } finally {
      store.leave(table);
    }
  }

  private add(table: SharedTable, namespace: number, value: PackedText | number, expires: number): void {
    table.add({ namespace, key: this.store.key, hash: this.store.hash, value, expires });
  }

  private numberIn(table: SharedTable, entry: number): number {
    if (table.isNumber(entry)) return table.number(entry);
    table.readText(entry, this.value);
    return Number(this.value.unpack());
  }
}
