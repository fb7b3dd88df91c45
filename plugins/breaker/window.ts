import type { Counters } from "sluice/sdk";
import type { WindowRules } from "./rules.ts";

/** What calls of the window came to. */
export interface Totals {
  readonly calls: number;
  readonly failed: number;
  readonly slow: number;
}

/** Into so many parts a window is cut: it moves by one of them at a time. */
const mostBuckets = 10;

interface Place {
  readonly bucket: number;
  /** Calls in this bucket, this one included. */
  readonly calls: number;
}

/**
 * A sliding window over the calls of all reactors, in buckets. Of a window of 10 s those of the last 9 to 10 s count, of one
 * of 100 calls the last 91 to 100. Buckets that are over do not change, so their sums are read once.
 */
export class SlidingWindow {
  private readonly counters: Counters;
  private readonly prefix: string;
  private readonly rules: WindowRules;
  /** Of a bucket: ms, or calls. */
  private readonly size: number;
  private readonly buckets: number;
  /** Seconds for which a bucket is needed. */
  private readonly ttl: number;
  private bucket = -1;
  private past: Totals = { calls: 0, failed: 0, slow: 0 };

  /** @param prefix of its keys */
  constructor(counters: Counters, prefix: string, rules: WindowRules) {
    this.counters = counters;
    this.prefix = `${prefix} ${rules.type} ${rules.size}`;
    this.rules = rules;
    const isTime = rules.type === "time";
    this.size = isTime ? rules.size / mostBuckets : Math.ceil(rules.size / mostBuckets);
    this.buckets = isTime ? mostBuckets : Math.ceil(rules.size / this.size);
    this.ttl = (rules.size + this.size) / 1000;
  }

  /**
   * Counts a call.
   *
   * @param minimum calls from which on the totals matter
   * @returns null when this call cannot have made the rates worse than they were
   */
  add(failed: boolean, slow: boolean, now: number, minimum: number): Totals | null {
    const { bucket, calls } = this.rules.type === "time" ? this.placeAt(now) : this.nextPlace();
    const nowFailed = failed ? this.count(bucket, "failed") : null;
    const nowSlow = slow ? this.count(bucket, "slow") : null;
    const isFirst = bucket !== this.bucket;
    if (isFirst) this.enter(bucket);
    const { past } = this;
    const total = past.calls + calls;
    if (!failed && !slow && !isFirst && total !== minimum) return null;
    return {
      calls: total,
      failed: past.failed + (nowFailed ?? this.read(bucket, "failed")),
      slow: past.slow + (nowSlow ?? this.read(bucket, "slow")),
    };
  }

  private placeAt(now: number): Place {
    const bucket = Math.floor(now / this.size);
    return { bucket, calls: this.count(bucket, "calls") };
  }

  private nextPlace(): Place {
    const { counters, size } = this;
    const number = counters.add(`${this.prefix} all`) - 1;
    const bucket = Math.floor(number / size);
    const calls = (number % size) + 1;
    // Those that leave the window have no time to live: calls may be a day apart.
    if (calls === 1)
      for (const what of ["failed", "slow"]) counters.delete(this.key(bucket - this.buckets, what));
    return { bucket, calls };
  }

  private enter(bucket: number): void {
    const past = { calls: 0, failed: 0, slow: 0 };
    const isTime = this.rules.type === "time";
    for (let other = Math.max(0, bucket - this.buckets + 1); other < bucket; other++) {
      past.calls += isTime ? this.read(other, "calls") : this.size;
      past.failed += this.read(other, "failed");
      past.slow += this.read(other, "slow");
    }
    this.bucket = bucket;
    this.past = past;
  }

  private count(bucket: number, what: string): number {
    return this.rules.type === "time"
      ? this.counters.add(this.key(bucket, what), 1, { ttl: this.ttl })
      : this.counters.add(this.key(bucket, what));
  }

  private read(bucket: number, what: string): number {
    return this.counters.get(this.key(bucket, what)) ?? 0;
  }

  private key(bucket: number, what: string): string {
    return `${this.prefix} ${bucket} ${what}`;
  }
}
