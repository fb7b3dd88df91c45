import type { FieldReader } from "../fields.ts";
import { variantKey } from "./vary.ts";

/** What is kept under a key: the sets of fields that its responses vary by, the latest first. */
export type VariantIndex = readonly (readonly string[])[];

/** More than origins use; a set that is forgotten costs one miss. */
const maximumSets = 4;

/**
 * The key of one response among those that share a cache key. No line of a cache key is empty, so that an
 * entry's key is never another's.
 *
 * @param names as `varyNames` returns them
 */
export function entryKey(key: string, names: readonly string[], request: FieldReader): string {
  return `${key}\n\n${variantKey(names, request)}`;
}

/**
 * Keys of the responses that match a request (RFC 9111 section 4.1): the first that is in the store is used.
 *
 * @example
 * entryKeys([["accept"], []], key, request.headers); // one with Accept of this request, one for all requests
 */
export function entryKeys(index: VariantIndex, key: string, request: FieldReader): string[] {
  return index.map((names) => entryKey(key, names, request));
}

/** An index that knows of one more set of names, or the same one when there is nothing new. */
export function withVariant(index: VariantIndex, names: readonly string[]): VariantIndex {
  const text = names.join();
  if (index[0]?.join() === text) return index;
  return [names, ...index.filter((other) => other.join() !== text)].slice(0, maximumSets);
}
