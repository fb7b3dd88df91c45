/** `ctx.kv`: values that all exchanges, all reactors and all generations of a plugin share. Values are JSON. */

import { callAsync } from "./host.ts";
import { HostOp } from "./host-op.ts";
import { joinTexts } from "./text-pair.ts";

// As it was before the plugin ran.
const { isFinite: isReal } = Number;

export interface KeyValueOptions {
  /** Seconds until the value is forgotten; without it, until memory is needed. */
  readonly ttl?: number;
}

export interface KeyValueStore {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown, options?: KeyValueOptions): Promise<void>;
  delete(key: string): Promise<boolean>;
  increment(key: string, by?: number, options?: KeyValueOptions): Promise<number>;
}

export const kv: KeyValueStore = Object.freeze({
  async get(key: string) {
    const found = (await callAsync(HostOp.kvGet, asKey(key))) as string;
    return found === "" ? undefined : JSON.parse(found);
  },
  async set(key: string, value: unknown, options?: KeyValueOptions) {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError("Cannot store the value: it has no JSON form");
    await callAsync(HostOp.kvSet, joinTexts(JSON.stringify([asKey(key), ttlOf(options)]), text));
  },
  async delete(key: string) {
    return (await callAsync(HostOp.kvDelete, asKey(key))) === "1";
  },
  async increment(key: string, by = 1, options?: KeyValueOptions) {
    return Number(await callAsync(HostOp.kvIncrement, JSON.stringify([asKey(key), by, ttlOf(options)])));
  },
});

function ttlOf(options: KeyValueOptions | undefined): number | null {
  const ttl = options?.ttl ?? null;
  // JSON has no such numbers: they would become none.
  if (typeof ttl === "number" && !isReal(ttl))
    throw new RangeError(`Cannot use ttl: expected seconds, found ${ttl}`);
  return ttl;
}

function asKey(key: unknown): string {
  if (typeof key !== "string") throw new TypeError("Cannot use the key: it is not a string");
  return key;
}
