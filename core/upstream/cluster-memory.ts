/**
 * What all reactors count together for a cluster: requests and retries in flight, the retry budget, the adaptive
 * limit. A cluster has the same words in every reactor, found by its name, from the first reactor that knows it until
 * the last has forgotten it; so a reload that keeps the name keeps what was counted.
 *
 * A thread that dies takes the process with it (core/data/reactor-pool.ts), and this memory: no count outlives the
 * one who was to take it back.
 */
import { keyedHash } from "../store/shared/keyed-hash.ts";
import { lock, unlock } from "../store/shared/lock.ts";
import { PackedText } from "../store/shared/packed-text.ts";
import { limitWords } from "./overload/limit-memory.ts";
import { retryBudgetWords } from "./retry/retry-budget.ts";

/** Clusters when nothing else is said. Of the memory only what is used is backed. */
const defaultSlots = 1024;

/** Nothing that is done under the lock takes so long, in ms: its holder has died. */
const patience = 1000;

/** On cache lines of their own: who reads, and who locks. */
const headerWord = { slots: 0, used: 1, seeds: 4, lock: 32 } as const;
const headerWords = 64;
/** Of the directory, for each slot: 64 bits of hash, and how many hold it. */
const entryWord = { keyLow: 0, keyHigh: 1, holders: 2 } as const;
const entryWords = 4;

/** Words of a slot. What every request of a cluster with limits writes has a cache line of its own. */
const inFlightAt = 0;
const retriesAt = 1;
const budgetAt = 16;
const limitAt = budgetAt + retryBudgetWords;
/** Doubles begin at even words. */
const slotWords = Math.ceil((limitAt + limitWords) / 16) * 16;

/**
 * Memory for the clusters of all reactors, to be given to each of them.
 *
 * @param slots most clusters at once
 * @example
 * const memory = createClusterMemory();
 * const counts = new ClusterTable(memory).acquire("app");
 */
export function createClusterMemory(slots = defaultSlots): SharedArrayBuffer {
  const words = headerWords + slots * (entryWords + slotWords);
  const memory = new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT);
  const view = new Int32Array(memory);
  view[headerWord.slots] = slots;
  view.set(crypto.getRandomValues(new Int32Array(4)), headerWord.seeds);
  return memory;
}

/** The words of one cluster, as one reactor sees them. */
export class ClusterCounts {
  /** `retryBudgetWords` of them. */
  readonly budget: Int32Array;
  /** `limitWords` of them. */
  readonly limit: Int32Array;
  /** Whether other reactors see them too. */
  readonly isShared: boolean;
  private readonly words: Int32Array;
  private readonly onReleased: () => void;
  /** Who takes back what it counted here: the cluster, and its requests. */
  private holders = 1;

  constructor(words: Int32Array, isShared: boolean, onReleased: () => void) {
    this.words = words;
    this.isShared = isShared;
    this.onReleased = onReleased;
    this.budget = words.subarray(budgetAt, budgetAt + retryBudgetWords);
    this.limit = words.subarray(limitAt, limitAt + limitWords);
  }

  /** Requests in flight, of all reactors. */
  get inFlight(): number {
    return Atomics.load(this.words, inFlightAt);
  }

  /** Retries in flight, of all reactors. */
  get retries(): number {
    return Atomics.load(this.words, retriesAt);
  }

  /** Counts a request unless there are so many; `endRequest` must follow. */
  tryRequest(most: number): boolean {
    return this.tryAdd(inFlightAt, most);
  }

  endRequest(): void {
    Atomics.sub(this.words, inFlightAt, 1);
  }

  /** Counts a retry unless there are so many; `endRetry` must follow. */
  tryRetry(most: number): boolean {
    return this.tryAdd(retriesAt, most);
  }

  endRetry(): void {
    Atomics.sub(this.words, retriesAt, 1);
  }

  /** Keeps the words for one more who counts in them, until `release`. */
  hold(): void {
    this.holders++;
  }

  release(): void {
    if (--this.holders === 0) this.onReleased();
  }

  /** Counted before it is compared: of threads that ask at once, the last one to count sees all of them. */
  private tryAdd(at: number, most: number): boolean {
    if (Atomics.add(this.words, at, 1) < most) return true;
    Atomics.sub(this.words, at, 1);
    return false;
  }
}

/** Which cluster has which words. */
export class ClusterTable {
  private readonly words: Int32Array;
  private readonly key = new PackedText(256);

  /** @param memory of `createClusterMemory` */
  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
  }

  /**
   * The words of a cluster, to be given back with `release`. When all are taken it gets words of its own, which no other
   * reactor sees.
   *
   * @throws Error when a thread died at work on the table
   */
  acquire(name: string): ClusterCounts {
    const slot = this.locked(() => this.take(name));
    if (slot === null) return new ClusterCounts(new Int32Array(slotWords), false, () => {});
    const at = headerWords + this.slots * entryWords + slot * slotWords;
    const words = this.words.subarray(at, at + slotWords);
    return new ClusterCounts(words, true, () => this.locked(() => this.giveBack(slot)));
  }

  /** Clusters that are known. */
  get size(): number {
    return this.locked(() => {
      let taken = 0;
      for (let slot = 0; slot < this.words[headerWord.used]!; slot++) {
        if (this.words[entryAt(slot) + entryWord.holders]! > 0) taken++;
      }
      return taken;
    });
  }

  private get slots(): number {
    return this.words[headerWord.slots]!;
  }

  private take(name: string): number | null {
    const { words } = this;
    const [low, high] = this.hash(name);
    const used = words[headerWord.used]!;
    let free = used;
    for (let slot = 0; slot < used; slot++) {
      const at = entryAt(slot);
      if (words[at + entryWord.holders] === 0) {
        if (free === used) free = slot;
      } else if (words[at + entryWord.keyLow] === low && words[at + entryWord.keyHigh] === high) {
        words[at + entryWord.holders]! += 1;
        return slot;
      }
    }
    if (free === this.slots) return null;
    this.claim(free, low, high);
    return free;
  }

  private claim(slot: number, low: number, high: number): void {
    const { words } = this;
    const begin = headerWords + this.slots * entryWords + slot * slotWords;
    words.fill(0, begin, begin + slotWords);
    words.set([low, high, 1], entryAt(slot));
    words[headerWord.used] = Math.max(words[headerWord.used]!, slot + 1);
  }

  private giveBack(slot: number): void {
    this.words[entryAt(slot) + entryWord.holders]! -= 1;
  }

  /** 64 bits of keyed hash stand for the name: in one of 10^13 tables two of 1024 clusters share them. */
  private hash(name: string): [low: number, high: number] {
    const { words, key } = this;
    key.pack(name);
    const seed = (index: number) => words[headerWord.seeds + index]!;
    const width = key.isWide ? 1 : 0;
    return [
      keyedHash(key.words, key.byteLength, seed(0) ^ width, seed(1)),
      keyedHash(key.words, key.byteLength, seed(2) ^ width, seed(3)),
    ];
  }

  private locked<Result>(work: () => Result): Result {
    if (!lock(this.words, headerWord.lock, patience)) {
      throw new Error("Cannot use the table of clusters: a thread died at work on it");
    }
    try {
      return work();
    } finally {
      unlock(this.words, headerWord.lock);
    }
  }
}

function entryAt(slot: number): number {
  return headerWords + slot * entryWords;
}
