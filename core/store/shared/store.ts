import { keyedHash } from "./keyed-hash.ts";
import { lock, unlock } from "./lock.ts";
import { PackedText } from "./packed-text.ts";
import type { StoreMemory } from "./store-memory.ts";
import { SharedTable } from "./table.ts";

/** Nothing that is done under a lock takes so long, in ms: its holder has died. */
const patience = 1000;

interface Namespace {
  /** In front of its keys; names of any characters stay apart by their lengths. */
  readonly prefix: string;
  /** Its room in each shard. */
  readonly slot: number;
}

/**
 * The way of one thread to the entries in memory that threads share: makes a key the one that is worked on, and locks
 * its shard.
 *
 * - **Room** belongs to the namespaces in equal shares. When a shard is full, the namespace that holds most of it
 *   loses what it has not written for longest; one that keeps within its share loses nothing to others. A value
 *   that is larger than the share is not kept.
 * - **A thread that dies inside an operation** costs the others one second and the values of one shard: what it
 *   left behind may be half written, so the shard begins anew, empty, elsewhere in the memory. Nobody
 *   reads the old one again, not even if its thread was only slow and goes on in it. After as many deaths as there
 *   are spare shards operations on a lost shard throw.
 */
export class SharedStore {
  readonly key = new PackedText();
  /** Of the key that is worked on. */
  hash = 0;
  private readonly memory: StoreMemory;
  private readonly kind: string;
  private readonly patience: number;
  private readonly tables: (SharedTable | undefined)[] = [];
  private readonly namespaces = new Map<string, Namespace>();

  /**
   * @param kind one character; keys of different kinds are different, and share the room of their namespace
   * @param wait for a thread that is at work on the same shard, in ms
   */
  constructor(memory: StoreMemory, kind: string, wait = patience) {
    this.memory = memory;
    this.kind = kind;
    this.patience = wait;
  }

  /**
   * Makes a key the one that is worked on.
   *
   * @returns the slot of its namespace
   */
  aim(namespace: string, key: string): number {
    const { memory } = this;
    const space = this.namespace(namespace);
    this.key.pack(space.prefix + key);
    this.hash = keyedHash(this.key.words, this.key.byteLength, memory.seed0, memory.seed1);
    return space.slot;
  }

  private namespace(name: string): Namespace {
    let space = this.namespaces.get(name);
    if (space === undefined) {
      this.key.pack(name);
      const { words, byteLength } = this.key;
      const hash = keyedHash(words, byteLength, this.memory.seed0, this.memory.seed1);
      space = { prefix: `${name.length}${this.kind}${name} `, slot: this.memory.namespaceSlot(hash) };
      this.namespaces.set(name, space);
    }
    return space;
  }

  /**
   * Returns whether there was something under the key.
   *
   * @param now to be read under the lock, as every clock here
   */
  delete(namespace: string, key: string, now: () => number): boolean {
    this.aim(namespace, key);
    const table = this.enter();
    try {
      const entry = table.find(this.key, this.hash, now());
      if (entry !== 0) table.remove(entry);
      return entry !== 0;
    } finally {
      this.leave(table);
    }
  }

  /** The table of the key's shard, locked. */
  enter(): SharedTable {
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

  leave(table: SharedTable): void {
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
