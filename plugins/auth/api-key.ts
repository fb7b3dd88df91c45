/** Keys that clients show, known by their hashes. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Identity, PluginRequest } from "sluice/sdk";
import { type ApiKeyConfig, apiKeySchema, type KeyEntry } from "./api-key/config.ts";
import { readKeyList } from "./api-key/key-list.ts";
import { isSame } from "./constant-time.ts";
import { credentialAt, removeCredential, twice } from "./credential.ts";
import { frozenIdentity } from "./frozen-identity.ts";
import { absent, refused, type Strategy, type StrategyType, type Verdict } from "./strategy.ts";

/** A key that is known. */
export interface KnownKey {
  readonly digest: Uint8Array;
  readonly verdict: Verdict;
  /** In ms since 1970; Infinity: never. */
  readonly expires: number;
}

/** Keys that are remembered as they were shown. */
const mostShown = 1024;
/** Longer ones are not hashed. */
const longestKey = 1024;

export const apiKey: StrategyType<ApiKeyConfig> = {
  type: "api-key",
  schema: apiKeySchema,
  create: (config) => apiKeyStrategy(config, Date.now),
};

/**
 * @param now ms since 1970
 * @throws Error for keys that cannot be read, or that stand there as they are
 */
export function apiKeyStrategy(config: ApiKeyConfig, now: () => number): Strategy {
  if (config.header === "" && config.query === "" && config.cookie === "") {
    throw new Error("header, query and cookie are all empty: there is no place for a key");
  }
  const entries = [...config.keys, ...readKeyList(config.list)];
  const keys = new KeyTable(entries.map((entry) => knownKey(entry, config.allowPlain)));

  function authenticate(request: PluginRequest): Verdict {
    const key = credentialAt(request, config);
    if (key === null) return absent;
    if (key === twice) return refused("ambiguous");
    const found = keys.find(key);
    if (found === null) return refused("unknown_key");
    if (found.expires <= now()) return refused("expired");
    if (!config.forward) removeCredential(request, config);
    return found.verdict;
  }

  return {
    name: "api-key",
    // No scheme of RFC 9110 stands for this, but a 401 needs one.
    challenge: 'ApiKey realm="api"',
    async start() {
      if (entries.length === 0) throw new Error("there are no keys in keys and list");
    },
    authenticate,
  };
}

/** Finds keys by their hashes, in a time that tells nothing of those that there are. */
export class KeyTable {
  private readonly byMark = new Map<number, KnownKey[]>();
  /**
   * Good keys that were shown lately: to hash one takes longer than all else. They are looked up by a number made of the
   * whole text, so the time tells no part of a key.
   */
  private readonly shown = new Map<string, KnownKey>();

  constructor(keys: readonly KnownKey[]) {
    for (const key of keys) {
      const mark = markOf(key.digest);
      const same = this.byMark.get(mark) ?? [];
      if (same.some(({ digest }) => isSame(digest, key.digest))) throw new Error("a key is there twice");
      this.byMark.set(mark, [...same, key]);
    }
  }

  find(key: string): KnownKey | null {
    const known = this.shown.get(key);
    if (known !== undefined) return known;
    if (key.length > longestKey) return null;
    const found = this.search(key);
    if (found !== null) {
      if (this.shown.size === mostShown) this.shown.clear();
      this.shown.set(key, found);
    }
    return found;
  }

  private search(key: string): KnownKey | null {
    const digest = digestOf(key);
    let found: KnownKey | null = null;
    for (const known of this.byMark.get(markOf(digest)) ?? []) {
      if (isSame(known.digest, digest)) found = known;
    }
    return found;
  }
}

/** The beginning of a hash: who learns it from the time of a look-up has learned nothing of a key that is random. */
function markOf(digest: Uint8Array): number {
  return digest[0]! | (digest[1]! << 8) | (digest[2]! << 16) | (digest[3]! << 24);
}

const encoder = new TextEncoder();

function digestOf(key: string): Uint8Array {
  return sha256(encoder.encode(key));
}

function knownKey(
  { key, subject, scopes, groups, claims, expires }: KeyEntry,
  allowPlain: boolean,
): KnownKey {
  const identity: Identity = { subject, method: "api-key", claims, scopes, groups };
  return {
    digest: readKey(key, subject, allowPlain),
    verdict: { kind: "identity", identity: frozenIdentity(identity) },
    expires: readTime(expires, subject),
  };
}

function readKey(key: string, subject: string, allowPlain: boolean): Uint8Array {
  const [, hex] = /^(?:sha256:)?([0-9a-fA-F]{64})$/.exec(key) ?? [];
  if (hex !== undefined) return Uint8Array.from(hex.match(/../g)!, (byte) => Number.parseInt(byte, 16));
  if (!key.startsWith("plain:"))
    throw new Error(`the key of ${subject} is neither sha256:HEX nor plain:TEXT`);
  if (!allowPlain) throw new Error(`the key of ${subject} is plain, and allowPlain is false`);
  const text = key.slice("plain:".length);
  if (text === "" || text.length > longestKey)
    throw new Error(`the key of ${subject} has not 1 to ${longestKey} characters`);
  return digestOf(text);
}

/** @throws Error for what is neither empty nor a date of RFC 3339 */
function readTime(text: string, subject: string): number {
  if (text === "") return Number.POSITIVE_INFINITY;
  const time = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(time))
    throw new Error(`expires of the key of ${subject} is no time such as 2027-01-31T12:00:00Z`);
  return time;
}
