/**
 * Latencies of the last seconds, for a percentile of them. Two histograms that take turns: one fills, the one before
 * it still counts, so a percentile is over one to two periods. Buckets are a sixteenth of a power of two wide
 * (as in HdrHistogram), so a percentile is at most 3.2 % off.
 */

/** Of a ms: latencies are counted in 1/1024 ms, and bits below are lost. */
const unit = 1024;
const subBits = 4;
const subBuckets = 1 << subBits;
/** Up to 2^31 units, 35 minutes. */
const buckets = (31 - subBits + 1) * subBuckets;
const longest = 2 ** 31 - 1;

/** How long a percentile is good for, in ms. */
const freshFor = 1000;

interface Percentile {
  value: number;
  until: number;
}

export class LatencyWindow {
  private readonly now: () => number;
  private readonly period: number;
  private filling = new Uint32Array(buckets);
  private before = new Uint32Array(buckets);
  private fillingCount = 0;
  private beforeCount = 0;
  private turnsAt: number;
  private readonly percentiles = new Map<number, Percentile>();

  /**
   * @param now in ms, monotonic
   * @param period in ms; latencies count for at least that long, and at most for twice that
   *
   * @example
   * const window = new LatencyWindow(() => performance.now());
   * window.add(12.5);
   * window.percentile(0.95); // about 12.5
   */
  constructor(now: () => number = () => performance.now(), period = 10_000) {
    this.now = now;
    this.period = period;
    this.turnsAt = now() + period;
  }

  /**
   * @param latency in ms. Of an attempt that was given up because another one answered: the time until then. Left
   *   out, the slow ones would be missing, and each percentile would be lower than the one before
   */
  add(latency: number): void {
    const now = this.now();
    if (now >= this.turnsAt) this.turn(now);
    this.filling[bucketOf(latency)]!++;
    this.fillingCount++;
  }

  /** How many latencies a percentile stands on. */
  get count(): number {
    const now = this.now();
    if (now >= this.turnsAt) this.turn(now);
    return this.fillingCount + this.beforeCount;
  }

  /**
   * ms that this share of the latencies did not pass; NaN without any. It is worked out once a second at most.
   *
   * @param share in (0, 1]; each that is asked for is remembered, so they come from a configuration
   */
  percentile(share: number): number {
    const now = this.now();
    const known = this.percentiles.get(share);
    if (known !== undefined && now < known.until) return known.value;
    const value = this.workOut(share);
    if (known === undefined) this.percentiles.set(share, { value, until: now + freshFor });
    else {
      known.value = value;
      known.until = now + freshFor;
    }
    return value;
  }

  private workOut(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.count));
    let passed = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      passed += this.filling[bucket]! + this.before[bucket]!;
      if (passed >= wanted) return middleOf(bucket);
    }
    return Number.NaN;
  }

  private turn(now: number): void {
    const last = this.before;
    this.before = this.filling;
    this.filling = last.fill(0);
    this.beforeCount = this.fillingCount;
    this.fillingCount = 0;
    const missed = Math.floor((now - this.turnsAt) / this.period);
    if (missed > 0) {
      this.before.fill(0);
      this.beforeCount = 0;
    }
    this.turnsAt += (missed + 1) * this.period;
  }
}

function bucketOf(latency: number): number {
  const value = Math.min(longest, Math.max(0, Math.floor(latency * unit)));
  if (value < subBuckets) return value;
  const shift = 31 - Math.clz32(value) - subBits;
  return (shift + 1) * subBuckets + ((value >>> shift) & (subBuckets - 1));
}

function middleOf(bucket: number): number {
  if (bucket < subBuckets) return (bucket + 0.5) / unit;
  const shift = Math.floor(bucket / subBuckets) - 1;
  const lowest = (subBuckets + (bucket % subBuckets)) * 2 ** shift;
  return (lowest + 2 ** shift / 2) / unit;
}
