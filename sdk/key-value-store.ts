/**
 * Values that all requests, reactors and generations of a plugin share; no other plugin sees them.
 * Needs `capabilities: { kv: true }`: without the grant every call rejects with a `NotAllowedError`.
 *
 * The operator may put values there, too (`POST /kv` of the admin listener). Those stay until the operator takes them away, and
 * a change of them by the plugin rejects with a `NotAllowedError`.
 *
 * @example
 * const calls = await ctx.kv.increment(`calls:${tenant}`, 1, { ttl: 60 });
 * if (calls > 100) return new Response("slow down", { status: 429 });
 */
export interface KeyValueStore {
  /** The value, or undefined when there is none (any more). `Value` is a claim of yours that nobody checks. */
  get<Value = unknown>(key: string): Promise<Value | undefined>;
  /** Rejects with a `TypeError` when the value has no JSON form. */
  set(key: string, value: unknown, options?: KeyValueOptions): Promise<void>;
  /** Whether there was a value. */
  delete(key: string): Promise<boolean>;
  /** Adds `by` (default 1) to a number that begins at 0, in one step for all who do, and resolves to the sum. */
  increment(key: string, by?: number, options?: KeyValueOptions): Promise<number>;
}

export interface KeyValueOptions {
  /** Seconds until the value is forgotten, up to 366 days. Default: until memory is needed. Anything else is a `RangeError`. */
  readonly ttl?: number;
}
