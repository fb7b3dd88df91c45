/** `ctx.kv`: values that all exchanges, all reactors and all generations of a plugin share. Values are JSON. */

import { callAsync } from "./host.ts";
import { HostOp } from "./host-op.ts";
import { joinTexts } from "./text-pair.ts";

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
    await callAsync(HostOp.kvSet, joinTexts(JSON.stringify([asKey(key), options?.ttl ?? null]), text));
  },
  async delete(key: string) {
    return (await callAsync(HostOp.kvDelete, asKey(key))) === "1";
  },
  async increment(key: string, by = 1, options?: KeyValueOptions) {
    return Number(
      await callAsync(HostOp.kvIncrement, JSON.stringify([asKey(key), by, options?.ttl ?? null])),
    );
  },
});

function asKey(key: unknown): string {
  if (typeof key !== "string") throw new TypeError("Cannot use the key: it is not a string");
  return key;
}
