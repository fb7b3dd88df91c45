import { fieldValue, type RequestHead } from "../fields.ts";
import { parseHttpDate } from "../http-date.ts";
import type { StoredResponse } from "../stored-response.ts";
import { entityTags, matchesWeakly } from "./entity-tag.ts";

/**
 * Whether the client already has what is stored, so that 304 is the answer (RFC 9111 section 4.3.2, RFC 9110
 * section 13.2.2). If-None-Match goes before If-Modified-Since. If-Match and If-Unmodified-Since are the
 * origin's alone: a request with them is not looked up.
 *
 * @param now ms since the epoch
 *
 * @example
 * isNotModified(stored, request, Date.now()) // true: answer with 304
 */
export function isNotModified(stored: StoredResponse, { headers }: RequestHead, now: number): boolean {
  // RFC 9110 section 13.2.1: conditions count only where the answer without them would be 200.
  if (stored.status !== 200) return false;
  const noneMatch = headers.get("if-none-match");
  if (noneMatch !== null) return isListed(fieldValue(stored.fields, "etag"), noneMatch);
  const since = parseHttpDate(headers.get("if-modified-since"), now);
  if (since === null) return false;
  return modifiedAt(stored, now) <= since;
}

function isListed(tag: string | null, noneMatch: string): boolean {
  const tags = entityTags(noneMatch);
  if (tags.length === 1 && tags[0] === "*") return true;
  return tag !== null && tags.some((other) => matchesWeakly(other, tag));
}

/** Section 4.3.2: Last-Modified, or else when the origin made it, or else when it arrived. */
function modifiedAt({ fields, responded }: StoredResponse, now: number): number {
  return (
    parseHttpDate(fieldValue(fields, "last-modified"), now) ??
    parseHttpDate(fieldValue(fields, "date"), now) ??
    responded
  );
}
