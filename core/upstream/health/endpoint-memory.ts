import { sharedClock } from "../../store/shared/clock.ts";
import { lock, unlock } from "../../store/shared/lock.ts";

/**
 * The layout of what all reactors know of endpoints: a header, then slots of one size. All of it is zero at the
 * start, and what was never used costs no memory.
 */

/** What every request of every reactor reads, and what is written when endpoints change, on lines of their own. */
export const headerWord = { version: 0, slots: 1, seeds: 4, lock: 32 } as const;
const headerWords = 64;

/** Words of a slot. What requests write comes first and shares a cache line with nothing else. */
export const slotWord = {
  /** Failures in a row. */
  consecutive: 0,
  /** These count on for as long as the slot is taken, modulo 2^32. */
  requests: 1,
  failures: 2,
  /** Latency of the answers, in µs, a number of 64 bits. */
  latencyLow: 3,
  latencyHigh: 4,

  /** Ejections that ended because somebody accepted connections again; 1 while one waits for that. Written seldom, too. */
  reconnects: 11,
  unreachable: 12,
  /** Ejections so far by reason, in the order of `ejectionKinds`: written too seldom to be in anybody's way here. */
  ejectionsByKind: 13,

  use: 16,
  keyLow: 17,
  keyHigh: 18,
  /** Who holds the slot. */
  references: 19,
  /** Active checks that look after it. */
  checks: 20,
  /** Outlier detectors that watch it. */
  watchers: 21,
  flags: 22,
  ejections: 23,
  /** How many times the first ejection's time the last one took; falls again with good conduct. */
  multiplier: 24,
  reason: 25,
  measure: 26,
  /** When its health changed last: a double, in ms. */
  changed: 28,
  /** When the ejection ends or, when there is none, ended: a double, in ms. */
  ejectedUntil: 30,
} as const;
const slotWords = 32;

export const slotUse = { never: 0, taken: 1, freed: 2 } as const;

export const flag = { checked: 1, unhealthy: 2, ejected: 4 } as const;

/** Slots when nothing else is said: 512 KiB, of which only what is used is backed by memory. */
const defaultSlots = 4096;

/**
 * An empty table, to be given to every reactor.
 *
 * @param slots most endpoints that are known at once; rounded up to a power of two
 * @example
 * const memory = createEndpointMemory();
 * new Worker(url, { workerData: { memory } }); // and there: new EndpointTable(memory)
 */
export function createEndpointMemory(slots = defaultSlots): SharedArrayBuffer {
  const rounded = 2 ** Math.ceil(Math.log2(Math.max(1, slots)));
  const memory = new SharedArrayBuffer(slotStart(rounded) * Int32Array.BYTES_PER_ELEMENT);
  const words = new Int32Array(memory);
  words[headerWord.slots] = rounded;
  words.set(crypto.getRandomValues(new Int32Array(4)), headerWord.seeds);
  return memory;
}

/** Nothing that is done under the lock takes so long, in ms: its holder has died, and the process with it. */
const patience = 1000;

/** One thread's view of the memory. */
export class EndpointMemory {
  readonly words: Int32Array;
  readonly slots: number;
  /** In ms, the same for all threads. */
  readonly now: () => number;
  private readonly doubles: Float64Array;

  constructor(memory: SharedArrayBuffer, now: () => number = sharedClock) {
    this.words = new Int32Array(memory);
    this.doubles = new Float64Array(memory);
    this.slots = this.words[headerWord.slots]!;
    this.now = now;
  }

  /** A double of a slot. For the holder of the lock only: nothing else keeps its halves together. */
  double(slot: number, word: number): number {
    return this.doubles[(slotStart(slot) + word) >>> 1]!;
  }

  /** For the holder of the lock only. */
  setDouble(slot: number, word: number, value: number): void {
    this.doubles[(slotStart(slot) + word) >>> 1] = value;
  }

  /** @throws Error when a thread died at work on the memory */
  locked<Result>(work: () => Result): Result {
    const result = this.lockedWithin(patience, work);
    if (result === null) throw new Error("Cannot use the table of endpoints: a thread died at work on it");
    return result.value;
  }

  /** Null: another thread holds the lock, and nothing was done. */
  lockedAtOnce<Result>(work: () => Result): { readonly value: Result } | null {
    return this.lockedWithin(0, work);
  }

  private lockedWithin<Result>(wait: number, work: () => Result): { readonly value: Result } | null {
    if (!lock(this.words, headerWord.lock, wait)) return null;
    try {
      return { value: work() };
    } finally {
      unlock(this.words, headerWord.lock);
    }
  }
}

/** First word of a slot. */
export function slotStart(slot: number): number {
  return headerWords + slot * slotWords;
}
