import type { ExchangeTimes } from "./age.ts";
import { matchesWeakly } from "./conditional/entity-tag.ts";
import { type FieldList, fieldValue, type RequestHead, type ResponseHead } from "./fields.ts";
import { readResponse } from "./read-response.ts";
import type { CacheRules } from "./rules.ts";
import { type Refusal, storingRefusal } from "./storable.ts";
import { type StoredResponse, storedResponse } from "./stored-response.ts";

/** A field to set on a request, or to remove where the value is null. */
export type RequestEdit = readonly [name: string, value: string | null];

/**
 * How to ask the origin whether a stored response still holds (RFC 9111 section 4.3.1): its validators take
 * the place of the client's conditions, which are answered afterwards, and the whole is asked for, so that
 * a new response can take the place of the old one.
 *
 * @example
 * for (const [name, value] of validationEdits(stored)) {
 *   if (value === null) request.headers.delete(name);
 *   else request.headers.set(name, value);
 * }
 */
export function validationEdits(stored: StoredResponse): readonly RequestEdit[] {
  return [
    ["if-none-match", fieldValue(stored.fields, "etag")],
    ["if-modified-since", fieldValue(stored.fields, "last-modified")],
    ["range", null],
    ["if-range", null],
  ];
}

/** A stored response with news of it. */
export interface Freshened {
  readonly stored: StoredResponse;
  /** Why it must not be kept any longer; null: it takes the place of the old one. */
  readonly refusal: Refusal | null;
}

/**
 * A stored response after the 304 that confirmed it (RFC 9111 sections 3.2 and 4.3.4), or null when the 304 is
 * about another one: then the request has to be sent again without conditions.
 *
 * @param times of the request that was answered with the 304
 */
export function freshened(
  stored: StoredResponse,
  request: RequestHead,
  confirmation: ResponseHead,
  times: ExchangeTimes,
  rules: CacheRules,
): Freshened | null {
  return isAbout(stored, confirmation.fields) ? updated(stored, request, confirmation, times, rules) : null;
}

/**
 * Section 4.3.4. Weak comparison will do where it asks for a strong one, since the request named one tag
 * only: servers that compress weaken the tag of a 200 and forget to in a 304.
 */
function isAbout(stored: StoredResponse, confirmation: FieldList): boolean {
  const tag = fieldValue(confirmation, "etag");
  const storedTag = fieldValue(stored.fields, "etag");
  if (tag !== null) return storedTag !== null && matchesWeakly(tag, storedTag);
  const modified = fieldValue(confirmation, "last-modified");
  const storedModified = fieldValue(stored.fields, "last-modified");
  return modified === null || storedModified === null || modified === storedModified;
}

/** Whether the response to HEAD describes the stored response to GET: it may not say enough to tell. */
export type Likeness = "same" | "other" | "unknown";

/**
 * Compares what is stored with a response to HEAD (RFC 9111 section 4.3.5). Of a response with neither
 * validator nor length that section has the stored one updated; here it is left alone, since what may be
 * outdated must not become fresh by it.
 */
export function likeness(stored: StoredResponse, { status, fields }: ResponseHead): Likeness {
  if (status !== stored.status) return "other";
  const said = describing.filter((name) => fieldValue(fields, name) !== null);
  if (said.length === 0) return "unknown";
  return said.every((name) => fieldValue(fields, name) === fieldValue(stored.fields, name))
    ? "same"
    : "other";
}

const describing = ["etag", "last-modified", "content-length"];

/** Section 3.2: they describe the bytes that are kept, whatever a response without a body says. */
const ofTheBody = new Set(["content-encoding", "content-length", "content-range"]);

/** A stored response with the fields of a newer head, each in the place of all with its name (section 3.2). */
export function updated(
  { status, fields }: StoredResponse,
  { url, headers }: RequestHead,
  news: ResponseHead,
  times: ExchangeTimes,
  rules: CacheRules,
): Freshened {
  const fresh = news.fields.filter(([name]) => !ofTheBody.has(name));
  // What is stored of these is about an older head, even where the new one does not say them.
  const replaced = new Set(["age", "date", ...fresh.map(([name]) => name)]);
  const merged = [...fields.filter(([name]) => !replaced.has(name)), ...fresh];
  const read = readResponse({ status, fields: merged }, times.responded, rules);
  const refusal = storingRefusal({ method: "GET", url, headers }, read, rules);
  return { stored: storedResponse(read, times, rules), refusal };
}
