import type { FieldList, FieldReader, RequestHead, ResponseHead } from "../../../plugins/cache/fields.ts";
import { readerOf } from "../../../plugins/cache/fields.ts";
import { readResponse } from "../../../plugins/cache/read-response.ts";
import { type CacheRules, defaultRules } from "../../../plugins/cache/rules.ts";
import { type Refusal, storingRefusal } from "../../../plugins/cache/storable.ts";
import { type StoredResponse, storedResponse } from "../../../plugins/cache/stored-response.ts";

/** Sat, 21 Nov 2026 00:00:00 GMT: when the tests begin. */
export const start = Date.UTC(2026, 10, 21);

/** An HTTP-date so many seconds after `start`. */
export function dateAt(seconds: number): string {
  return new Date(start + seconds * 1000).toUTCString();
}

/** Fields given as an object; an array is several lines. */
export type Fields = Readonly<Record<string, string | readonly string[]>>;

export function fieldsOf(fields: Fields): FieldList {
  return Object.entries(fields).flatMap(([name, value]) =>
    [value].flat().map((line) => [name, line] as const),
  );
}

export function reader(fields: Fields): FieldReader {
  return readerOf(fieldsOf(fields));
}

export function request(fields: Fields = {}, { method = "GET", url = "https://a.test/" } = {}): RequestHead {
  return { method, url, headers: reader(fields) };
}

export function response(fields: Fields, status = 200): ResponseHead {
  return { status, fields: fieldsOf(fields) };
}

export function refusal(
  to: RequestHead,
  fields: Fields,
  { status = 200, rules = defaultRules }: { status?: number; rules?: CacheRules } = {},
): Refusal | null {
  return storingRefusal(to, readResponse(response(fields, status), start, rules), rules);
}

/** What the store holds of a response that took no time and arrived at `start`. */
export function stored(
  fields: Fields,
  { status = 200, rules = defaultRules }: { status?: number; rules?: CacheRules } = {},
): StoredResponse {
  const times = { requested: start, responded: start };
  return storedResponse(readResponse(response(fields, status), start, rules), times, rules);
}
