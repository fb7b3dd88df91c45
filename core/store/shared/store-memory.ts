/**
 * The layout of a store that threads share: a header, then regions of one size. Each shard of the keys has a
 * region; the others are spares. All of it is zero at the start, and what was never used costs no memory.
 */
import { sharedClock } from "./clock.ts";

/** Namespaces that have room of their own; further ones share that of the first. */
export const namespaceSlots = 128;

/** Words of a cell: what it takes from the free list is whole cells, each linked to the next. */
export const cellWords = 32;
const cellShift = 5;

/** Words of the header. */
const headerWord = { shards: 0, regions: 1, cells: 2, spare: 3, seeds: 4, begun: 6, namespaces: 32 } as const;
const directory = headerWord.namespaces + namespaceSlots;

/** Words of a region, from its start. The lock has a cache line to itself. */
export const regionWord = {
  lock: 0,
  firstFree: 32,
  touched: 33,
  used: 34,
  newest: 64,
  oldest: 64 + namespaceSlots,
  share: 64 + 2 * namespaceSlots,
  buckets: 64 + 3 * namespaceSlots,
} as const;

export interface StoreShape {
  /** Parts of the store that are locked one by one. */
  readonly shards: number;
  /** Shards that can be given up because a thread died in them. */
  readonly spares: number;
  /** Of each shard. */
  readonly bytes: number;
}

/** A value of a million UTF-16 code units takes half of a shard. */
const defaultShape: StoreShape = { shards: 16, spares: 4, bytes: 4 * 1024 * 1024 };

/**
 * An empty store, to be given to every thread that shares it.
 *
 * @example
 * const memory = createStoreMemory();
 * new Worker(url, { workerData: { memory } }); // and there: new SharedKeyValues(memory)
 */
export function createStoreMemory(shape: StoreShape = defaultShape): SharedArrayBuffer {
  const { shards, spares } = shape;
  const cells = Math.floor(shape.bytes / (cellWords * 4));
  const regions = shards + spares;
  const words = regionsStart(shards) + regions * regionWords(cells);
  const memory = new SharedArrayBuffer(words * 4);
  const header = new Int32Array(memory);
  header[headerWord.shards] = shards;
  header[headerWord.regions] = regions;
  header[headerWord.cells] = cells;
  header[headerWord.spare] = shards;
  new Float64Array(memory)[headerWord.begun / 2] = sharedClock();
  header.set(crypto.getRandomValues(new Int32Array(2)), headerWord.seeds);
  for (let shard = 0; shard < shards; shard++) header[directory + shard] = shard;
  return memory;
}

/** One thread's view of the memory. */
export class StoreMemory {
  readonly words: Int32Array;
  readonly numbers: Float64Array;
  readonly shards: number;
  readonly regions: number;
  readonly cells: number;
  readonly bucketMask: number;
  readonly seed0: number;
  readonly seed1: number;
  /** When the memory was made, in ms of the shared clock. */
  readonly begun: number;

  constructor(memory: SharedArrayBuffer) {
    const words = new Int32Array(memory);
    this.words = words;
    this.numbers = new Float64Array(memory);
    this.shards = words[headerWord.shards]!;
    this.regions = words[headerWord.regions]!;
    this.cells = words[headerWord.cells]!;
    this.bucketMask = bucketsFor(this.cells) - 1;
    this.seed0 = words[headerWord.seeds]!;
    this.seed1 = words[headerWord.seeds + 1]!;
    this.begun = this.numbers[headerWord.begun / 2]!;
  }

  /** First word of a region. */
  regionStart(region: number): number {
    return regionsStart(this.shards) + region * regionWords(this.cells);
  }

  /** First word of the cell with the number 0, which does not exist: 0 is "none" in every link. */
  cellsStart(region: number): number {
    return this.regionStart(region) + beforeCells(this.cells) - cellWords;
  }

  /** The region that holds a shard now. */
  regionOf(shard: number): number {
    return Atomics.load(this.words, directory + shard);
  }

  /**
   * Puts an empty region in the place of one that is given up.
   *
   * @returns false when there is none left
   */
  replaceRegion(shard: number, region: number): boolean {
    const { words } = this;
    if (this.regionOf(shard) !== region) return true;
    const spare = Atomics.add(words, headerWord.spare, 1);
    if (spare >= this.regions) return false;
    Atomics.compareExchange(words, directory + shard, region, spare);
    return true;
  }

  /** The slot of a namespace with this hash, the same in every thread. */
  namespaceSlot(hash: number): number {
    const mark = hash === 0 ? 1 : hash;
    for (let tried = 0; tried < namespaceSlots; tried++) {
      const slot = (mark + tried) & (namespaceSlots - 1);
      const found = Atomics.compareExchange(this.words, headerWord.namespaces + slot, 0, mark);
      if (found === 0 || found === mark) return slot;
    }
    return 0;
  }
}

/** First word of a cell, from `cellsStart`. */
export function cellOffset(cell: number): number {
  return cell << cellShift;
}

function regionsStart(shards: number): number {
  return wholeCells(directory + shards);
}

function regionWords(cells: number): number {
  return beforeCells(cells) + cells * cellWords;
}

function beforeCells(cells: number): number {
  return wholeCells(regionWord.buckets + bucketsFor(cells));
}

function bucketsFor(cells: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(cells / 2)));
}

function wholeCells(words: number): number {
  return Math.ceil(words / cellWords) * cellWords;
}
