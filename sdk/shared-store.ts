import type { Bucket } from "./counters.ts";

/**
 * Numbers that several machines share, in a store that the operator's config names (`stores` in sluice.yaml). Each plugin
 * has keys of its own there, of up to 1 024 characters, which the server sees hashed. Every call is one step for all machines, and takes a round trip over the
 * network; calls of the same moment share one. Needs `capabilities: { kv: true }`.
 *
 * When the store cannot be reached, or does not answer in time, calls reject with a `NetworkError`; it is then not known whether
 * they were counted. Everything in the store has an end (`ttl`, in seconds).
 *
 * @example
 * const store = ctx.store("shared");
 * const { allowed } = await store.take([{ key: ctx.client.address, bucket: { rate: 10, burst: 20 } }]);
 * if (!allowed) return new Response("slow down", { status: 429 });
 */
export interface SharedStore {
  /** The number, or undefined when there is none (any more). */
  get(key: string): Promise<number | undefined>;
  set(key: string, value: number, options: StoreTtl): Promise<void>;
  /** Whether there was a number. */
  delete(key: string): Promise<boolean>;
  /**
   * Adds to a number that begins at 0, and returns the sum. With `most`, a sum above it is not made: the number stays as
   * it is, and the answer is undefined. `ttl` counts from the first.
   *
   * @example
   * const id = request.headers.get("idempotency-key") ?? "";
   * const isFirst = (await ctx.store("shared").add(id, 1, { ttl: 300, most: 1 })) === 1;
   */
  add(key: string, by: number, options: StoreTtl & { readonly most: number }): Promise<number | undefined>;
  add(key: string, by: number, options: StoreTtl): Promise<number>;
  /** Sets a number if it is the one that is expected; undefined: if there is none. Whether it was. */
  compareAndSet(key: string, expected: number | undefined, next: number, options: StoreTtl): Promise<boolean>;
  /**
   * Takes from up to 32 limits at once, in their order: from all of them, or from none if one that is not `optional` has not
   * enough.
   *
   * @example
   * const { allowed, standings } = await ctx.store("shared").take([
   *   { key: ctx.client.address, bucket: { rate: 10, burst: 20 } },
   *   { key: "all", quota: { limit: 100_000, period: "month" } },
   * ]);
   */
  take(demands: readonly Demand[]): Promise<TakenTogether>;
  /** Changes what was taken, by up to 32 adjustments at once. */
  adjust(adjustments: readonly Adjustment[]): Promise<void>;
  /**
   * A value that the operator has put there for this plugin (`sluice key add --store`); undefined: there is none. Plugins do not change
   * them. Rejects with a `SyntaxError` when what is there is no JSON. `Value` is a claim of yours that nobody checks.
   */
  pinned<Value = unknown>(key: string): Promise<Value | undefined>;
}

export interface StoreTtl {
  /** Seconds until the number is forgotten. */
  readonly ttl: number;
}

/** What is taken from; numbers under one key are those of one kind and rule. */
export type Rule =
  | { readonly bucket: Bucket }
  | { readonly window: Window }
  | { readonly quota: Quota }
  | { readonly places: Places };

/** Never more than `limit` in any stretch of so many seconds; what was taken leaves it up to a tenth of that late. */
export interface Window {
  readonly limit: number;
  readonly seconds: number;
}

/** So much in a day or a month of the calendar. */
export interface Quota {
  readonly limit: number;
  readonly period: "day" | "month";
  /** Minutes by which its days begin before those of UTC. Default: 0. */
  readonly utcOffset?: number;
}

/** So much at the same time. What nobody gives back is free again after one to two times `hold` seconds. */
export interface Places {
  readonly limit: number;
  readonly hold: number;
}

export type Demand = Rule & {
  readonly key: string;
  /** Default: 1. */
  readonly cost?: number;
  /** Whether the others are taken even if there is not enough here. Default: false. */
  readonly optional?: boolean;
};

export type Adjustment = Rule & {
  readonly key: string;
  /** Above 0: counts more, even beyond the limit. Below: gives back. */
  readonly by: number;
  /** Of the standing that it is about. */
  readonly ticket: number;
};

export interface TakenTogether {
  /** Whether something was taken: from all that had enough. */
  readonly allowed: boolean;
  /** Of each demand; when it was not allowed, up to the one that had not enough. */
  readonly standings: readonly Standing[];
}

/** How a limit stands. */
export interface Standing {
  /** Whether there was enough. */
  readonly allowed: boolean;
  /** Seconds until it may be worth while to ask again; Infinity: never, it is more than the limit. */
  readonly wait: number;
  readonly left: number;
  /** Seconds until there is more, or all of it, again; null: nobody knows. */
  readonly reset: number | null;
  /** What an adjustment has to say of it. */
  readonly ticket: number;
}
