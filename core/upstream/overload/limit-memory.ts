/**
 * What an adaptive limit knows, in words that all reactors share: each sees all requests in flight, and the latencies of
 * all. If each had a limit of its own, one of them could measure the latency without a queue only when the
 * others stood still with it.
 */
import { lock, unlock } from "../../store/shared/lock.ts";
import { LatencySample, latencySampleWords } from "./latency-sample.ts";

const word = {
  lock: 0,
  isKnown: 1,
  running: 2,
  peak: 3,
  turnedAway: 4,
  limit: 5,
  slowWindows: 6,
  settled: 7,
};
const doubleAt = { exact: 8, best: 10, top: 12, windowEnds: 14, nextMeasurement: 16, held: 18 };
const sampleAt = 20;

/** Length of the memory of one limit, in 32-bit words. */
export const limitWords = sampleAt + latencySampleWords;

export class LimitMemory {
  readonly sample: LatencySample;
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;

  /** @param words `limitWords` of them, zero at first, that begin at an even word of their buffer */
  constructor(words: Int32Array) {
    if (words.length !== limitWords) {
      throw new RangeError(
        `Cannot keep a limit: expected ${limitWords} words of memory, found ${words.length}`,
      );
    }
    this.words = words;
    this.doubles = new Float64Array(words.buffer, words.byteOffset, limitWords >>> 1);
    this.sample = new LatencySample(words.subarray(sampleAt));
  }

  /** Does something that only one may do; returns whether it was done. Nobody waits: the next one comes soon. */
  exclusively(work: () => void): boolean {
    if (!lock(this.words, word.lock, 0)) return false;
    try {
      work();
    } finally {
      unlock(this.words, word.lock);
    }
    return true;
  }

  /** Whether somebody has begun with it. */
  get isKnown(): boolean {
    return Atomics.load(this.words, word.isKnown) === 1;
  }

  begin(): void {
    Atomics.store(this.words, word.isKnown, 1);
  }

  get running(): number {
    return Atomics.load(this.words, word.running);
  }

  /** @returns how many there were before */
  addRunning(delta: number): number {
    return Atomics.add(this.words, word.running, delta);
  }

  /** Most requests at once in this window. */
  get peak(): number {
    return Atomics.load(this.words, word.peak);
  }

  set peak(value: number) {
    Atomics.store(this.words, word.peak, value);
  }

  /** Whether a request of this window found no place. */
  get turnedAway(): boolean {
    return Atomics.load(this.words, word.turnedAway) === 1;
  }

  set turnedAway(value: boolean) {
    Atomics.store(this.words, word.turnedAway, value ? 1 : 0);
  }

  /** Requests at once that the cluster gets now. */
  get limit(): number {
    return Atomics.load(this.words, word.limit);
  }

  /** Not rounded, or small ones could not grow. */
  get exact(): number {
    return this.double(doubleAt.exact);
  }

  set exact(value: number) {
    this.setDouble(doubleAt.exact, value);
    Atomics.store(this.words, word.limit, Math.floor(value));
  }

  /** Latency without a queue in ms; NaN before the first window. */
  get best(): number {
    return this.double(doubleAt.best);
  }

  set best(value: number) {
    this.setDouble(doubleAt.best, value);
  }

  /** Highest limit since `best` was measured. */
  get top(): number {
    return this.double(doubleAt.top);
  }

  set top(value: number) {
    this.setDouble(doubleAt.top, value);
  }

  get windowEnds(): number {
    return this.double(doubleAt.windowEnds);
  }

  set windowEnds(value: number) {
    this.setDouble(doubleAt.windowEnds, value);
  }

  /** Windows in a row with a limit so low that there can be no queue, and a latency as if there were one. */
  get slowWindows(): number {
    return Atomics.load(this.words, word.slowWindows);
  }

  set slowWindows(value: number) {
    Atomics.store(this.words, word.slowWindows, value);
  }

  get nextMeasurement(): number {
    return this.double(doubleAt.nextMeasurement);
  }

  set nextMeasurement(value: number) {
    this.setDouble(doubleAt.nextMeasurement, value);
  }

  /** The limit to come back to; 0: no measurement is under way. */
  get held(): number {
    return this.double(doubleAt.held);
  }

  set held(value: number) {
    this.setDouble(doubleAt.held, value);
  }

  get settled(): boolean {
    return Atomics.load(this.words, word.settled) === 1;
  }

  set settled(value: boolean) {
    Atomics.store(this.words, word.settled, value ? 1 : 0);
  }

  /** Written by the holder of the lock; an aligned double is read whole on every machine that Node runs on. */
  private double(at: number): number {
    return this.doubles[at >>> 1]!;
  }

  private setDouble(at: number, value: number): void {
    this.doubles[at >>> 1] = value;
  }
}
