/**
 * Numbers that all requests, reactors and generations of a plugin share; no other plugin sees them. Each call is one
 * step for all of them and answers at once: what is counted here is exact on the whole machine, and nobody waits.
 * Needs `capabilities: { kv: true }`: without the grant every call throws a `NotAllowedError`.
 *
 * Keys have up to 1 024 characters, and are other keys than those of `ctx.kv`. Both are in the same room: when it is full,
 * what was not written for longest goes. Numbers are finite doubles; anything else throws a `TypeError`.
 *
 * @example
 * const { allowed, wait } = ctx.counters.take(ctx.client.address, 1, { rate: 10, burst: 20 });
 * if (!allowed) {
 *   return new Response("slow down", { status: 429, headers: { "retry-after": String(Math.ceil(wait)) } });
 * }
 */
export interface Counters {
  /** Ms of a clock that all reactors share and that never goes back, as `performance.now()` of one of them. */
  now(): number;
  /** The number, or undefined when there is none (any more). */
  get(key: string): number | undefined;
  set(key: string, value: number, options?: CounterOptions): void;
  /** Whether there was a number. */
  delete(key: string): boolean;
  /**
   * Adds `by` (default 1) to a number that begins at 0, and returns the sum. With `most`, a sum above it is not made:
   * the number stays as it is, and the answer is undefined. `ttl` counts from the first.
   *
   * @example
   * if (ctx.counters.add("in flight", 1, { most: 100 }) === undefined) return new Response("busy", { status: 503 });
   */
  add(key: string, by: number, options: CounterOptions & { readonly most: number }): number | undefined;
  add(key: string, by?: number, options?: CounterOptions): number;
  /**
   * Sets a number if it is the one that is expected; undefined: if there is none.
   * Whether it was; if not, somebody was faster.
   */
  compareAndSet(key: string, expected: number | undefined, next: number, options?: CounterOptions): boolean;
  /**
   * Takes `cost` out of a bucket that fills by itself, if there is as much in it. A bucket that nobody knows is full,
   * and one that is full is forgotten. A cost of 0 tells how it stands.
   */
  take(key: string, cost: number, bucket: Bucket): Taken;
}

export interface CounterOptions {
  /** Seconds until the number is forgotten. Default: until memory is needed. */
  readonly ttl?: number;
}

/**
 * How a bucket fills. It takes `burst / rate` seconds, at most a year.
 *
 * @example
 * const hundredAMinute: Bucket = { rate: 100 / 60, burst: 100 };
 */
export interface Bucket {
  /** What flows in, per second. */
  readonly rate: number;
  /** What it holds. */
  readonly burst: number;
}

/** What `take` came to. */
export interface Taken {
  /** Whether there was enough in the bucket: only then something was taken. */
  readonly allowed: boolean;
  /** Seconds until there will be enough: 0 when it was taken, Infinity when it is more than the bucket holds. */
  readonly wait: number;
  /** What is in the bucket now, in thousandths. */
  readonly left: number;
  /** Seconds until the bucket is full again. */
  readonly reset: number;
}
