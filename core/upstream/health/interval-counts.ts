import { type EndpointMemory, slotStart, slotWord } from "./endpoint-memory.ts";

/** What an endpoint did in an interval. */
export interface Conduct {
  readonly requests: number;
  /** In [0, 1]; 1 without requests. */
  readonly successRate: number;
  /** Requests that were answered well. */
  readonly answers: number;
  /** Mean latency of the good answers in ms; 0 without any. */
  readonly latency: number;
}

const wholeWord = 2 ** 32;
/** µs in a word that are added at once; a longer latency counts as this much: more than an hour. */
const longest = 0xffff_ffff;

/**
 * Adds a latency to a slot's 64 bits of µs. The lower half says by itself when it passed its end: what it was
 * before comes back from the addition.
 *
 * @param latency in ms
 */
export function addLatency(words: Int32Array, start: number, latency: number): void {
  const micros = Math.min(longest, Math.max(0, Math.round(latency * 1000)));
  const before = Atomics.add(words, start + slotWord.latencyLow, micros | 0) >>> 0;
  if (before + micros >= wholeWord) Atomics.add(words, start + slotWord.latencyHigh, 1);
}

/**
 * The counts of one endpoint between two looks at them. The counters themselves only ever grow, modulo 2^32: a
 * counter that were set back at each interval could lose what another thread adds at that moment.
 */
export class IntervalCounts {
  private readonly words: Int32Array;
  private readonly start: number;
  private requests: number;
  private failures: number;
  private latency: number;

  constructor(memory: EndpointMemory, slot: number) {
    this.words = memory.words;
    this.start = slotStart(slot);
    this.requests = this.load(slotWord.requests);
    this.failures = this.load(slotWord.failures);
    this.latency = this.loadLatency(0);
  }

  /** What was counted since the last call, or since this was made. */
  take(): Conduct {
    const requests = this.load(slotWord.requests);
    const failures = this.load(slotWord.failures);
    const latency = this.loadLatency(this.latency);
    const made = (requests - this.requests) >>> 0;
    // Of a request that is being counted at this moment one number may be there and another not.
    const failed = Math.min(made, (failures - this.failures) >>> 0);
    const micros = latency - this.latency;
    this.requests = requests;
    this.failures = failures;
    this.latency = latency;
    const answers = made - failed;
    return {
      requests: made,
      successRate: made === 0 ? 1 : answers / made,
      answers,
      latency: answers === 0 ? 0 : micros / answers / 1000,
    };
  }

  private load(word: number): number {
    return Atomics.load(this.words, this.start + word);
  }

  /**
   * The upper half is read first, so the sum may be too small by one of it but never too large: a sum below the one
   * before has passed the end of its lower half, and the upper one is yet to be told.
   */
  private loadLatency(before: number): number {
    const high = this.load(slotWord.latencyHigh) >>> 0;
    const sum = high * wholeWord + (this.load(slotWord.latencyLow) >>> 0);
    return sum < before ? sum + wholeWord : sum;
  }
}
