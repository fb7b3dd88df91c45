import type { KeyValues } from "./key-values.ts";
import { keyedHash } from "./keyed-hash.ts";
import { PackedText } from "./packed-text.ts";
import { sharedClock } from "./shared-clock.ts";
import { lock, unlock } from "./shared-lock.ts";
import { SharedTable } from "./shared-table.ts";
import { StoreMemory } from "./store-memory.ts";

/** Nothing that is done under a lock takes so long, in ms: its holder has died. */
const patience = 1000;

interface Namespace {
  /** In front of its keys; names of any characters stay apart by their lengths. */
  readonly prefix: string;
  /** Its room in each shard. */
  readonly slot: number;
}

/**
 * Values in memory that threads share: every thread makes one of these from the same memory, and each operation
 * is one step for all of them.
 *
 * - **Room** belongs to the namespaces in equal shares. When a shard is full, the namespace that holds most of it
 *   loses what it has not written for longest; one that keeps within its share loses nothing to others. A value
 *   that is larger than the share is not kept.
 * - **A thread that dies inside an operation** costs the others one second and the values of one shard: what it
 *   left behind may be half written, so the shard begins anew, empty, elsewhere in the memory. Nobody
 *   reads the old one again, not even if its thread was only slow and goes on in it. After as many deaths as there
 *   are spare shards operations on a lost shard throw.
 *
 * @example
 * const store = new SharedKeyValues(createStoreMemory());
 * store.increment("limiter", "203.0.113.7", 1, 60_000); // 1
 */
export class SharedKeyValues implements KeyValues {
  private readonly memory: StoreMemory;
  private readonly now: () => number;
  private readonly patience: number;
  private readonly tables: (SharedTable | undefined)[] = [];
  private readonly namespaces = new Map<string, Namespace>();
  private readonly key = new PackedText();
  private readonly value = new PackedText();
  /** Of the key that is worked on. */
  private hash = 0;

  /**
   * @param memory of `createStoreMemory`
   * @param now in ms, the same for all threads
   * @param wait for a thread that is at work on the same shard, in ms
   */
  constructor(memory: SharedArrayBuffer, now: () => number = sharedClock, wait = patience) {
    this.memory = new StoreMemory(memory);
    this.now = now;
    this.patience = wait;
  }

  get(namespace: string, key: string): string | null {
    this.aim(namespace, key);
    const now = this.now();
    const table = this.enter();
    let number: number | null = null;
    try {
      const entry = table.find(this.key, this.hash, now);
      if (entry === 0) return null;
      if (table.isNumber(entry)) number = table.number(entry);
      else table.readText(entry, this.value);
    } finally {
      this.leave(table);
    }
    return number === null ? this.value.unpack() : String(number);
  }

  set(namespace: string, key: string, value: string, ttl: number | null): void {
    const { slot } = this.aim(namespace, key);
    this.value.pack(value);
    const now = this.now();
    const table = this.enter();
    try {
      const entry = table.find(this.key, this.hash, now);
      if (entry !== 0) table.remove(entry);
      this.add(table, slot, this.value, expiry(now, ttl));
    } finally {
      this.leave(table);
    }
  }

  delete(namespace: string, key: string): boolean {
    this.aim(namespace, key);
    const now = this.now();
    const table = this.enter();
    try {
      const entry = table.find(this.key, this.hash, now);
      if (entry !== 0) table.remove(entry);
      return entry !== 0;
    } finally {
      this.leave(table);
    }
  }

  increment(namespace: string, key: string, by: number, ttl: number | null): number {
    const { slot } = this.aim(namespace, key);
    const now = this.now();
    const table = this.enter();
    try {
      const entry = table.find(this.key, this.hash, now);
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
      this.leave(table);
    }
  }

  private add(table: SharedTable, namespace: number, value: PackedText | number, expires: number): void {
    table.add({ namespace, key: this.key, hash: this.hash, value, expires });
  }

  private numberIn(table: SharedTable, entry: number): number {
    if (table.isNumber(entry)) return table.number(entry);
    table.readText(entry, this.value);
    return Number(this.value.unpack());
  }

  /** Makes a key the one that is worked on. */
  private aim(namespace: string, key: string): Namespace {
    const { memory } = this;
    const space = this.namespace(namespace);
    this.key.pack(space.prefix + key);
    this.hash = keyedHash(this.key.words, this.key.byteLength, memory.seed0, memory.seed1);
    return space;
  }

  private namespace(name: string): Namespace {
    let space = this.namespaces.get(name);
    if (space === undefined) {
      this.key.pack(name);
      const { words, byteLength } = this.key;
      const hash = keyedHash(words, byteLength, this.memory.seed0, this.memory.seed1);
      space = { prefix: `${name.length} ${name} `, slot: this.memory.namespaceSlot(hash) };
      this.namespaces.set(name, space);
    }
    return space;
  }

  // --- locks

  /** The table of the key's shard, locked. */
  private enter(): SharedTable {
    const { memory } = this;
    // The low bits choose the bucket.
    const shard = (this.hash >>> 16) % memory.shards;
    for (;;) {
      const region = memory.regionOf(shard);
      const table = this.table(region);
      if (lock(memory.words, table.lockAt, this.patience)) {
        if (memory.regionOf(shard) === region) return table;
        unlock(memory.words, table.lockAt);
      } else if (!memory.replaceRegion(shard, region)) {
        throw new Error("Cannot use the shared store: a thread died at work on it");
      }
    }
  }

  private leave(table: SharedTable): void {
    unlock(this.memory.words, table.lockAt);
  }

  private table(region: number): SharedTable {
    let table = this.tables[region];
    if (table === undefined) {
      table = new SharedTable(this.memory, region);
      this.tables[region] = table;
    }
    return table;
  }
}

function expiry(now: number, ttl: number | null): number {
  return ttl === null ? Number.POSITIVE_INFINITY : now + ttl;
}
