import { CellPool, cellsFor, entryWord } from "./cell-pool.ts";
import type { PackedText } from "./packed-text.ts";
import { namespaceSlots, regionWord, type StoreMemory } from "./store-memory.ts";

export const valueKind = { narrow: 0, wide: 1, number: 2 } as const;

/** What a table keeps under a key. */
export interface NewEntry {
  readonly namespace: number;
  readonly key: PackedText;
  readonly hash: number;
  /** A text, or a number. */
  readonly value: PackedText | number;
  /** In ms of the clock. */
  readonly expires: number;
}

/**
 * The entries of one shard: buckets by hash, and for each namespace a list by age. Entries are numbers, 0 is none.
 * For the holder of the region's lock only.
 */
export class SharedTable {
  readonly lockAt: number;
  private readonly memory: StoreMemory;
  private readonly words: Int32Array;
  private readonly head: number;
  private readonly pool: CellPool;

  constructor(memory: StoreMemory, region: number) {
    this.memory = memory;
    this.words = memory.words;
    this.head = memory.regionStart(region);
    this.lockAt = this.head + regionWord.lock;
    this.pool = new CellPool(memory, region);
  }

  find(key: PackedText, hash: number, now: number): number {
    const { words, pool } = this;
    const size = keySize(key);
    let entry = words[this.bucketOf(hash)]!;
    while (entry !== 0) {
      const at = pool.at(entry);
      if (
        words[at + entryWord.hash] === hash &&
        words[at + entryWord.keySize] === size &&
        pool.startsWith(entry, key.words, key.wordLength)
      ) {
        if (this.expires(entry) > now) return entry;
        this.remove(entry);
        return 0;
      }
      entry = words[at + entryWord.chain]!;
    }
    return 0;
  }

  expires(entry: number): number {
    return this.memory.numbers[(this.pool.at(entry) + entryWord.expires) >>> 1]!;
  }

  setExpires(entry: number, expires: number): void {
    this.memory.numbers[(this.pool.at(entry) + entryWord.expires) >>> 1] = expires;
  }

  isNumber(entry: number): boolean {
    return this.words[this.pool.at(entry) + entryWord.kind] === valueKind.number;
  }

  number(entry: number): number {
    return this.memory.numbers[this.numberAt(entry)]!;
  }

  /** Of an entry that is one already; it becomes the youngest of its namespace. */
  setNumber(entry: number, value: number): void {
    this.memory.numbers[this.numberAt(entry)] = value;
    const namespace = this.words[this.pool.at(entry) + entryWord.namespace]!;
    this.unlist(entry, namespace);
    this.list(entry, namespace);
  }

  readText(entry: number, target: PackedText): void {
    const at = this.pool.at(entry);
    const { words } = this;
    target.prepare(words[at + entryWord.valueBytes]!, words[at + entryWord.kind] === valueKind.wide);
    const keyWords = wordsFor(words[at + entryWord.keySize]! >>> 1);
    this.pool.read(entry, keyWords, target.words, target.wordLength);
  }

  /** Adds an entry whose key is not there yet. What finds no room in its namespace's share is not kept. */
  add(entry: NewEntry): void {
    const { key, value } = entry;
    const valueWords = typeof value === "number" ? 0 : value.wordLength;
    const cells = cellsFor(key.wordLength + valueWords);
    if (!this.makeRoom(entry.namespace, cells)) return;
    const cell = this.pool.take(cells);
    this.fill(cell, cells, entry);
    this.pool.write(cell, 0, key.words, key.wordLength);
    if (typeof value !== "number") this.pool.write(cell, key.wordLength, value.words, valueWords);
    const bucket = this.bucketOf(entry.hash);
    this.words[this.pool.at(cell) + entryWord.chain] = this.words[bucket]!;
    this.words[bucket] = cell;
    this.list(cell, entry.namespace);
    this.words[this.head + regionWord.share + entry.namespace]! += cells;
  }

  private fill(cell: number, cells: number, { namespace, key, hash, value, expires }: NewEntry): void {
    const { words } = this;
    const { numbers } = this.memory;
    const at = this.pool.at(cell);
    words[at + entryWord.hash] = hash;
    words[at + entryWord.namespace] = namespace;
    words[at + entryWord.keySize] = keySize(key);
    words[at + entryWord.cells] = cells;
    numbers[(at + entryWord.expires) >>> 1] = expires;
    if (typeof value === "number") {
      words[at + entryWord.kind] = valueKind.number;
      words[at + entryWord.valueBytes] = 0;
      numbers[this.numberAt(cell)] = value;
    } else {
      words[at + entryWord.kind] = value.isWide ? valueKind.wide : valueKind.narrow;
      words[at + entryWord.valueBytes] = value.byteLength;
    }
  }

  remove(entry: number): void {
    const { words, pool } = this;
    const at = pool.at(entry);
    let link = this.bucketOf(words[at + entryWord.hash]!);
    while (words[link] !== entry) link = pool.at(words[link]!) + entryWord.chain;
    words[link] = words[at + entryWord.chain]!;
    const namespace = words[at + entryWord.namespace]!;
    this.unlist(entry, namespace);
    words[this.head + regionWord.share + namespace]! -= words[at + entryWord.cells]!;
    pool.release(entry);
  }

  private bucketOf(hash: number): number {
    return this.head + regionWord.buckets + (hash & this.memory.bucketMask);
  }

  private numberAt(entry: number): number {
    return (this.pool.at(entry) + entryWord.number) >>> 1;
  }

  // --- ages and room

  private list(entry: number, namespace: number): void {
    const { words, pool, head } = this;
    const newest = words[head + regionWord.newest + namespace]!;
    words[pool.at(entry) + entryWord.newer] = 0;
    words[pool.at(entry) + entryWord.older] = newest;
    if (newest === 0) words[head + regionWord.oldest + namespace] = entry;
    else words[pool.at(newest) + entryWord.newer] = entry;
    words[head + regionWord.newest + namespace] = entry;
  }

  private unlist(entry: number, namespace: number): void {
    const { words, pool, head } = this;
    const newer = words[pool.at(entry) + entryWord.newer]!;
    const older = words[pool.at(entry) + entryWord.older]!;
    if (newer === 0) words[head + regionWord.newest + namespace] = older;
    else words[pool.at(newer) + entryWord.older] = older;
    if (older === 0) words[head + regionWord.oldest + namespace] = newer;
    else words[pool.at(older) + entryWord.newer] = newer;
  }

  /**
   * The namespace that holds most gives up its oldest entries, unless that would be the one that asks: what a
   * namespace holds within its equal share of the shard is never taken by another.
   */
  private makeRoom(namespace: number, cells: number): boolean {
    const { words, head, pool } = this;
    if (cells > this.memory.cells) return false;
    while (pool.free < cells) {
      const most = this.greediest();
      const share = words[head + regionWord.share + namespace]!;
      const isOver = words[head + regionWord.share + most]! > share + cells;
      const oldest = words[head + regionWord.oldest + (isOver ? most : namespace)]!;
      if (oldest === 0) return false;
      this.remove(oldest);
    }
    return true;
  }

  private greediest(): number {
    const { words } = this;
    const shares = this.head + regionWord.share;
    let most = 0;
    for (let namespace = 1; namespace < namespaceSlots; namespace++) {
      if (words[shares + namespace]! > words[shares + most]!) most = namespace;
    }
    return most;
  }
}

/** Texts of different widths are different, even with the same bytes. */
function keySize(key: PackedText): number {
  return key.byteLength * 2 + (key.isWide ? 1 : 0);
}

function wordsFor(bytes: number): number {
  return (bytes + 3) >>> 2;
}
