/**
 * How many of a cluster's requests may be retries. Limits per request multiply: three tiers that try three times
 * each send 27 requests to a service that is down already. A budget holds for all of them together, as in
 * Finagle's `RetryBudget` and linkerd's `retryBudget`.
 *
 * All reactors count in the same words, without a lock: a thread that dies in the middle takes nothing along.
 * Where two of them meet, what is lost is a request or a permission, never the bound.
 */
import type { RetryBudgetConfig } from "../../config/traffic-model.ts";
import { sharedClock } from "../../store/shared/clock.ts";

/** Seconds over which requests and retries are compared. */
const seconds = 10;
/** More than are looked at, so that the second that begins never needs the words of one that still counts. */
const buckets = 16;
/** Seconds by which the clock of another thread may be ahead when it counts a retry. */
const skew = 4;
/** How often a permission is looked for again because the second ended meanwhile. */
const mostTurns = 3;

/** Words: for each second, which one it is; its requests; its retries. */
const stampsAt = 0;
const requestsAt = buckets;
const retriesAt = 2 * buckets;

/** Length of the memory of one budget, in 32-bit words. */
export const retryBudgetWords = 3 * buckets;

/** Bits of a second that are kept: it comes round again after 34 years. */
const secondMask = 0x3fff_ffff;
/** Of a stamp: a thread is emptying the bucket. */
const emptying = 0x4000_0000;

/** A word of retries holds how often its bucket has come round, and their number. */
const countBits = 20;
const countMask = (1 << countBits) - 1;

export class RetryBudget {
  private readonly config: RetryBudgetConfig;
  private readonly words: Int32Array;
  private readonly now: () => number;
  /** The second whose bucket this thread knows to be in use. */
  private second = -1;

  /**
   * @param words `retryBudgetWords` of them, zero at first; over a SharedArrayBuffer that every reactor was given, or
   *   over a plain buffer where there is only one
   * @param now in ms; never goes back, and is the same for all who share the words
   *
   * @example
   * const budget = new RetryBudget({ ratio: 0.2, minimum: 0 }, new Int32Array(retryBudgetWords));
   * for (let i = 0; i < 5; i++) budget.onRequest();
   * budget.tryRetry(); // true
   * budget.tryRetry(); // false
   */
  constructor(config: RetryBudgetConfig, words: Int32Array, now: () => number = sharedClock) {
    if (words.length !== retryBudgetWords) {
      throw new RangeError(
        `Cannot count retries: expected ${retryBudgetWords} words of memory, found ${words.length}`,
      );
    }
    this.config = config;
    this.words = words;
    this.now = now;
  }

  /** A client's request begins. Not for its retries: they would pay for each other. */
  onRequest(): void {
    const second = secondOf(this.now());
    if (second !== this.second) this.enter(second);
    Atomics.add(this.words, requestsAt + (second & (buckets - 1)), 1);
  }

  /**
   * Whether a retry may be sent now; if so it is counted.
   *
   * After a yes, the retries of the last 10 s are at most `ratio` times the requests of the last 10 s, and
   * `minimum` for each of the seconds. This holds exactly, not by whole buckets: a second of which only a part
   * belongs to the last ten counts with its retries, and without its requests.
   */
  tryRetry(): boolean {
    let second = secondOf(this.now());
    for (let turn = 0; turn < mostTurns; turn++) {
      // Counted before it is compared: of threads that ask at once, the last one to count sees all of them.
      if (!this.countRetry(second)) return false;
      const fits = this.retries(second) <= this.allowed(second);
      // A thread that stood still here has compared with what others did after its own second.
      const now = secondOf(this.now());
      if (fits && now === second) return true;
      this.uncountRetry(second);
      if (!fits) return false;
      second = now;
    }
    return false;
  }

  private allowed(second: number): number {
    return this.config.ratio * this.requests(second) + this.config.minimum * seconds;
  }

  /** Requests that surely came in the last 10 s: those of this second and of nine whole ones. */
  private requests(second: number): number {
    let sum = 0;
    for (let age = 0; age < seconds; age++) {
      const wanted = (second - age) & secondMask;
      const bucket = wanted & (buckets - 1);
      if (Atomics.load(this.words, stampsAt + bucket) !== wanted) continue;
      const count = Atomics.load(this.words, requestsAt + bucket);
      // In between it may have been emptied and filled again.
      if (Atomics.load(this.words, stampsAt + bucket) === wanted) sum += count;
    }
    return sum;
  }

  /** Retries that may have been sent in the last 10 s: those of this second and of ten whole ones. */
  private retries(second: number): number {
    let sum = 0;
    for (let age = -skew; age <= seconds; age++) {
      const wanted = (second - age) & secondMask;
      const word = Atomics.load(this.words, retriesAt + (wanted & (buckets - 1)));
      if (word >>> countBits === lapOf(wanted)) sum += word & countMask;
    }
    return sum;
  }

  private countRetry(second: number): boolean {
    if (second !== this.second) this.enter(second);
    const bucket = second & (buckets - 1);
    const lap = lapOf(second);
    for (;;) {
      const word = Atomics.load(this.words, retriesAt + bucket);
      // Looked at after the word: when the bucket comes to belong to a later second, the exchange below fails.
      if (Atomics.load(this.words, stampsAt + bucket) !== second) return false;
      const count = word >>> countBits === lap ? word & countMask : 0;
      if (count === countMask) return false;
      const next = (lap << countBits) | (count + 1);
      if (Atomics.compareExchange(this.words, retriesAt + bucket, word, next) === word) return true;
    }
  }

  private uncountRetry(second: number): void {
    const at = retriesAt + (second & (buckets - 1));
    for (;;) {
      const word = Atomics.load(this.words, at);
      if (word >>> countBits !== lapOf(second) || (word & countMask) === 0) return;
      if (Atomics.compareExchange(this.words, at, word, word - 1) === word) return;
    }
  }

  /** Sees to it that the bucket of a second holds the requests of no earlier one. */
  private enter(second: number): void {
    const { words } = this;
    const at = stampsAt + (second & (buckets - 1));
    const found = Atomics.load(words, at);
    if (found !== second) {
      // Another thread empties it for this second, or is further already.
      if (found !== 0 && !isBefore(found, second)) return;
      // From here until its stamp is right nobody reads the bucket, and what others add to it may be lost.
      if (Atomics.compareExchange(words, at, found, second | emptying) !== found) return;
      Atomics.store(words, requestsAt + (second & (buckets - 1)), 0);
      if (Atomics.compareExchange(words, at, second | emptying, second) !== (second | emptying)) return;
    }
    this.second = second;
  }
}

function secondOf(now: number): number {
  return Math.floor(now / 1000) & secondMask;
}

/** It repeats after 18 h: an old count that is taken for a new one then costs permissions for some seconds. */
function lapOf(second: number): number {
  return (second / buckets) & 0xfff;
}

/** Of seconds, or stamps: the mark of one that is being emptied makes no difference. */
function isBefore(earlier: number, later: number): boolean {
  const distance = (later - earlier) & secondMask;
  return distance !== 0 && distance < secondMask / 2;
}
