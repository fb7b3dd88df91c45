/**
 * What is kept where in `ctx.cache`. A response that does not vary is kept under its key. Where responses vary, there is
 * a list of what they vary by, and each has a key of its own. What is on disk, or shared with other machines, is brought by a promise.
 */
import type { CachedResponse, ResponseCache } from "sluice/sdk";
import type { FieldReader } from "./fields.ts";
import { entryKey, entryKeys, type VariantIndex, withVariant } from "./key/variants.ts";
import { readIndex, readStored } from "./read-meta.ts";
import { endedAt, isSameBody, type StoredResponse } from "./stored-response.ts";

/** A response that the store has. */
export interface Held {
  readonly entry: string;
  readonly stored: StoredResponse;
  readonly cached: CachedResponse;
}

/** What Vary names of a request, at most, in code units: nobody fills the store with the fields of one request. */
const longestVariant = 2048;

/** The response of a key that a request may have. */
export function find(
  cache: ResponseCache,
  key: string,
  request: FieldReader,
): Held | null | Promise<Held | null> {
  const first = cache.find(key);
  if (first instanceof Promise) return findLater(cache, key, request);
  if (first === undefined) return null;
  const index = indexIn(first);
  if (index === null) return heldAs(key, first);
  for (const entry of entryKeys(index, key, request)) {
    const held = at(cache, entry);
    if (held instanceof Promise) return findLater(cache, key, request);
    if (held) return held;
  }
  return null;
}

async function findLater(cache: ResponseCache, key: string, request: FieldReader): Promise<Held | null> {
  const first = await cache.find(key);
  if (first === undefined) return null;
  const index = indexIn(first);
  if (index === null) return heldAs(key, first);
  for (const entry of entryKeys(index, key, request)) {
    const held = await at(cache, entry);
    if (held) return held;
  }
  return null;
}

/** Where the response to a request is likely to be kept. */
export function likelyEntry(cache: ResponseCache, key: string, request: FieldReader): string {
  return entryKeys(indexAt(cache, key) ?? [], key, request)[0] ?? key;
}

export function at(cache: ResponseCache, entry: string): Held | null | Promise<Held | null> {
  const cached = cache.find(entry);
  if (cached instanceof Promise) return cached.then((cached) => heldAs(entry, cached));
  return heldAs(entry, cached);
}

/** Whether a response that was found is there, and no other one in its place. */
export function isStillAt(cache: ResponseCache, entry: string, stored: StoredResponse): boolean {
  const held = heldAs(entry, cache.get(entry));
  return held !== null && isSameBody(held.stored, stored);
}

/** Null: it is none, or something else is kept there now. */
function heldAs(entry: string, cached: CachedResponse | undefined): Held | null {
  if (cached === undefined || isIndex(cached)) return null;
  const stored = cached.isShared ? readStored(cached.meta) : (JSON.parse(cached.meta) as StoredResponse);
  if (stored === null) return null;
  return { entry, cached, stored: cached.staleSince === null ? stored : endedAt(stored, cached.staleSince) };
}

function isIndex({ meta }: CachedResponse): boolean {
  return meta.startsWith("[");
}

/** Null: the response itself is there. */
function indexIn(cached: CachedResponse): VariantIndex | null {
  if (!isIndex(cached)) return null;
  return cached.isShared ? (readIndex(cached.meta) ?? []) : (JSON.parse(cached.meta) as VariantIndex);
}

function indexAt(cache: ResponseCache, key: string): VariantIndex | null {
  const cached = cache.get(key);
  return cached === undefined ? null : indexIn(cached);
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
  const index = indexAt(cache, key);
  if (index === null && vary.length === 0) return key;
  const entry = entryKey(key, vary, request);
  if (entry.length - key.length > longestVariant) return null;
  const sets = index ?? [];
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
  // Each machine has its own.
  return cache.set(list, JSON.stringify(entries), null, { usefulFor: 0 }) ? entry : null;
}
