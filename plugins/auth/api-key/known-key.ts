/** A key with what is known of it, as it stands in the config, in a list or in a store. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Identity } from "sluice/sdk";
import { frozenIdentity } from "../frozen-identity.ts";
import type { Verdict } from "../strategy.ts";
import type { KeyEntry } from "./config.ts";

export interface KnownKey {
  readonly digest: Uint8Array;
  readonly verdict: Verdict;
  /** In ms since 1970; Infinity: never. */
  readonly expires: number;
  readonly isDisabled: boolean;
}

/** Longer ones are not hashed. */
export const longestKey = 1024;

const encoder = new TextEncoder();

export function digestOf(key: string): Uint8Array {
  return sha256(encoder.encode(key));
}

/** @throws Error that names the subject and never the key */
export function knownKey(entry: KeyEntry, allowPlain: boolean): KnownKey {
  const { key, subject, scopes, groups, claims, expires, disabled } = entry;
  const identity: Identity = { subject, method: "api-key", claims, scopes, groups };
  return {
    digest: readKey(key, subject, allowPlain),
    verdict: { kind: "identity", identity: frozenIdentity(identity) },
    expires: readTime(expires, subject),
    isDisabled: disabled,
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
