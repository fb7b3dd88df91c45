/** What is kept where in `ctx.cache`: under a key which fields its responses vary by, and each response under its own. */
import type { CachedResponse, ResponseCache } from "sluice/sdk";
import type { FieldReader } from "./fields.ts";
import { endedAt, type StoredResponse } from "./stored-response.ts";
import { entryKey, entryKeys, type VariantIndex, withVariant } from "./variants.ts";

/** A response that the store has. */
export interface Held {
  readonly entry: string;
  readonly stored: StoredResponse;
  readonly cached: CachedResponse;
}

/** What Vary names of a request, at most, in code units: nobody fills the store with the fields of one request. */
const longestVariant = 2048;

/** The response of a key that a request may have. */
export function find(cache: ResponseCache, key: string, request: FieldReader): Held | null {
  const index = cache.get(key);
  if (index === undefined) return null;
  for (const entry of entryKeys(JSON.parse(index.meta) as VariantIndex, key, request)) {
    const held = at(cache, entry);
    if (held) return held;
  }
  return null;
}

/** Where the response to a request is likely to be kept. */
export function likelyEntry(cache: ResponseCache, key: string, request: FieldReader): string {
  const index = cache.get(key);
  return (index && entryKeys(JSON.parse(index.meta) as VariantIndex, key, request)[0]) ?? key;
}

export function at(cache: ResponseCache, entry: string): Held | null {
  const cached = cache.get(entry);
  if (cached === undefined) return null;
  const stored = JSON.parse(cached.meta) as StoredResponse;
  return { entry, cached, stored: cached.staleSince === null ? stored : endedAt(stored, cached.staleSince) };
}

/**
 * A place for a response, among at most so many of its key: the oldest goes. Null: it is not kept, for what
 * it varies by is too long.
 */
export function place(
  cache: ResponseCache,
  key: string,
  vary: readonly string[],
  request: FieldReader,
  most: number,
): string | null {
  const entry = entryKey(key, vary, request);
  if (entry.length - key.length > longestVariant) return null;
  const index = cache.get(key);
  const sets = index ? (JSON.parse(index.meta) as VariantIndex) : [];
  const news = withVariant(sets, vary);
  if (news !== sets && !cache.set(key, JSON.stringify(news), null)) return null;
  // No name of a field begins so: it is the key of no response.
  const list = `${key}\n\n?`;
  const known = cache.get(list);
  const entries = known ? (JSON.parse(known.meta) as string[]) : [];
  const own = entry.slice(key.length);
  if (entries.includes(own)) return entry;
  entries.push(own);
  while (entries.length > most) cache.delete(key + entries.shift()!);
  return cache.set(list, JSON.stringify(entries), null) ? entry : null;
}
