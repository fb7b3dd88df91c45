/** Keys that the operator adds and takes away while the proxy runs: in the `kv` of this plugin, or in a store that machines share. */
import type { KeyValueStore, Logger, SharedStore } from "sluice/sdk";
import { Attempts } from "../attempts.ts";
import { checkConfig } from "../check-config.ts";
import { isSame } from "../constant-time.ts";
import { hexOf } from "../hex.ts";
import { LookupCache } from "../lookup-cache.ts";
import { type AuthContext, type Refused, refused } from "../strategy.ts";
import { TokenCache } from "../token-cache.ts";
import { type ApiKeyConfig, apiKeySchema, type KeyEntry } from "./config.ts";
import { digestOf, type KnownKey, knownKey } from "./known-key.ts";

/** In front of the hash of a key: the name of its record. */
export const recordPrefix = "api-key:";

/** A key that is known, or why the one that was shown is no good. */
export type Looked = KnownKey | Refused;

export interface KeptKeys {
  /** Looks for the record of a key that somebody shows. Never throws. */
  find(key: string, ctx: AuthContext): Looked | Promise<Looked>;
}

type Log = Pick<Logger, "warn">;

const unknown = refused("unknown_key");
/** s, after which it may be worth while to ask again. */
const retryAfter = 1;
const unavailable: Refused = { kind: "refused", reason: "unavailable", status: 503, retryAfter };
/** The client's key may be good: what is wrong is the record. */
const unreadable: Refused = { kind: "refused", reason: "bad_record", status: 503, retryAfter };

/** Hashes of keys that were good lately; to make one takes longer than all else. */
class Names {
  private readonly made = new TokenCache<string>(1024);

  of(key: string): string {
    return this.made.get(key, 0) ?? hexOf(digestOf(key));
  }

  keep(key: string, name: string): void {
    this.made.set(key, name, 1);
  }
}

/**
 * Keys in the memory of this proxy, where looking takes no time: what the operator does holds from the next request on.
 *
 * @example
 * const keys = keysInMemory(ctx.log);
 * await keys.find("slk_...", ctx); // the record under api-key:HASH
 */
export function keysInMemory(log: Log): KeptKeys {
  const names = new Names();
  /** What was made of records, for as long as they stay the same. */
  const read = new TokenCache<{ readonly text: string; readonly found: Looked }>(4096);

  async function look(key: string, kv: KeyValueStore): Promise<Looked> {
    const name = names.of(key);
    const record = await kv.get(recordPrefix + name);
    if (record === undefined) return unknown;
    const text = JSON.stringify(record);
    const before = read.get(name, 0);
    if (before?.text === text) return before.found;
    const found = keyIn(record, name, log);
    names.keep(key, name);
    read.set(name, { text, found }, 1);
    return found;
  }

  return { find: (key, { kv }) => look(key, kv) };
}

/**
 * Keys in a shared store. What it says is remembered for a while: who is known costs no question, and who makes up keys is
 * counted, and pushes nobody out.
 *
 * @param now ms since 1970
 */
export function keysInStore(
  store: Pick<SharedStore, "pinned">,
  { cache: most, cacheFor, unknownFor, staleFor, attempts: perMinute }: ApiKeyConfig,
  log: Log,
  now: () => number,
): KeptKeys {
  const names = new Names();
  const attempts = new Attempts("api-key", perMinute);
  const cache = new LookupCache<Looked>({ most, pause: retryAfter * 1000, isGood, now });
  let isLost = false;

  async function ask(name: string) {
    let record: unknown;
    try {
      record = await store.pinned(recordPrefix + name);
    } catch (error) {
      // What is there is no JSON; everything else says that the store cannot be asked.
      if (!(error instanceof SyntaxError)) throw error;
      record = null;
    }
    const value = record === undefined ? unknown : keyIn(record, name, log);
    const freshUntil = now() + (isGood(value) ? cacheFor : unknownFor) * 1000;
    return { value, freshUntil, staleUntil: isGood(value) ? freshUntil + staleFor * 1000 : freshUntil };
  }

  async function look(key: string, name: string, ctx: AuthContext): Promise<Looked> {
    try {
      const found = await cache.ask(name, () => ask(name));
      isLost = false;
      if (isGood(found)) names.keep(key, name);
      else if (found === unknown) attempts.take(ctx);
      return found;
    } catch (error) {
      if (!isLost) log.warn(`keys cannot be looked up: ${(error as Error).message}`);
      isLost = true;
      return unavailable;
    }
  }

  return {
    find(key, ctx) {
      const name = names.of(key);
      const known = cache.known(name);
      if (known !== null) return known;
      const wait = attempts.wait(ctx);
      if (wait > 0) return { kind: "refused", reason: "too_many", status: 429, retryAfter: wait };
      const found = look(key, name, ctx);
      ctx.waitUntil(found);
      return found;
    },
  };
}

function isGood(found: Looked): boolean {
  return "digest" in found && !found.isDisabled;
}

const recordSchema = apiKeySchema.properties.keys.items;

/** Believes a record only under the name of its own key: one that was copied or misplaced opens nothing. */
function keyIn(record: unknown, name: string, log: Log): Looked {
  try {
    const found = knownKey(checkConfig(recordSchema, record, "record") as KeyEntry, false);
    if (!isSame(found.digest, digestIn(name))) throw new Error("record is that of another key");
    return found;
  } catch (error) {
    log.warn(`the record of the key ${name.slice(0, 12)} cannot be used: ${(error as Error).message}`);
    return unreadable;
  }
}

function digestIn(name: string): Uint8Array {
  return Uint8Array.from(name.match(/../g)!, (byte) => Number.parseInt(byte, 16));
}
