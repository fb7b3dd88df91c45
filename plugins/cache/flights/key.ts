import type { FieldReader, RequestHead } from "../fields.ts";
import { wishesOf } from "../reuse.ts";
import type { CacheRules } from "../rules.ts";

/** With these a request is answered in a way that is no use to others. */
const forItself = ["range", "if-range", "if-none-match", "if-modified-since"];
/** What lets an answer be for one user: requests with and without it do not wait for each other. */
const personal = ["authorization", "cookie"];

/**
 * Which requests may wait for each other: those with the same key. Null: this one neither waits nor is waited for.
 *
 * A client chooses its fields: one that sends Authorization, or asks for a part, must not get others to be sent to
 * the origin one by one, or all at once.
 *
 * @param entry under which an answer for it is likely to be kept
 * @param isIdentified whether it is known who sent it
 *
 * @example
 * flightKey({ method: "GET", url, headers: new Headers({ range: "bytes=0-1" }) }, entry, false, rules); // null
 */
export function flightKey(
  { method, headers }: RequestHead,
  entry: string,
  isIdentified: boolean,
  rules: CacheRules,
): string | null {
  if (method !== "GET" || forItself.some((name) => headers.get(name) !== null)) return null;
  // It wants an answer of the origin, and no other.
  const { noCache, maxAge, minFresh } = wishesOf({ headers }, rules);
  if (noCache || maxAge !== null || minFresh !== null) return null;
  return kindKey(headers, entry, isIdentified);
}

/** The key of requests that have the same reasons to be for one user. */
export function kindKey(headers: FieldReader, entry: string, isIdentified: boolean): string {
  const kinds = personal.filter((name) => headers.get(name) !== null);
  return `${isIdentified ? "identity " : ""}${kinds.join(" ")}\n${entry}`;
}
