import { isNotModified } from "./conditional/precondition.ts";
import { type ByteRange, rangeOf } from "./conditional/range.ts";
import { type FieldList, fieldValue, type RequestHead } from "./fields.ts";
import { currentAge } from "./freshness.ts";
import type { StoredResponse } from "./stored-response.ts";

/** A response made from a stored one. */
export interface Answer {
  readonly status: number;
  /** Without Content-Length, which follows from `body`. */
  readonly fields: FieldList;
  /** What of the stored body is sent; null: nothing. */
  readonly body: ByteRange | null;
}

/**
 * The answer to a request from a stored response (RFC 9111 section 4): 304 where the client has it already, the
 * part that it asks for, no body for HEAD, and an Age that says how old it is.
 *
 * @param length bytes of the stored body
 * @param now ms since the epoch
 *
 * @example
 * const { status, fields, body } = answerOf(stored, request, bytes.length, Date.now());
 * return new Response(body && bytes.subarray(body.start, body.end), { status, headers: [...fields] });
 */
export function answerOf(stored: StoredResponse, request: RequestHead, length: number, now: number): Answer {
  const fields = [...stored.fields.filter(([name]) => !isRewritten(name)), age(stored, now)];
  if (isNotModified(stored, request, now))
    return { status: 304, fields: fields.filter(isFor304(stored)), body: null };
  const range = rangeOf(stored, request, length, now);
  if (range === "unsatisfiable") return unsatisfiable(fields, length);
  if (range !== "whole") return partial(fields, range, length);
  const body = request.method === "HEAD" || length === 0 ? null : { start: 0, end: length };
  return { status: stored.status, fields, body };
}

function isRewritten(name: string): boolean {
  return name === "age" || name === "content-length";
}

/** RFC 9111 section 5.1, in whole seconds. */
function age(stored: StoredResponse, now: number): readonly [string, string] {
  return ["age", String(Math.floor(currentAge(stored, now) / 1000))];
}

/** RFC 9110 section 15.4.5: no metadata of a body that is not sent, but for what tells versions apart. */
function isFor304({ fields }: StoredResponse): (field: readonly [string, string]) => boolean {
  const hasTag = fieldValue(fields, "etag") !== null;
  return ([name]) => {
    if (name === "last-modified") return !hasTag;
    return name === "content-location" || name === "content-security-policy" || !name.startsWith("content-");
  };
}

/** RFC 9110 section 15.3.7. */
function partial(fields: FieldList, range: ByteRange, length: number): Answer {
  const contentRange = `bytes ${range.start}-${range.end - 1}/${length}`;
  return { status: 206, fields: [...fields, ["content-range", contentRange]], body: range };
}

/** RFC 9110 section 15.5.17. */
function unsatisfiable(fields: FieldList, length: number): Answer {
  const kept = fields.filter(([name]) => !name.startsWith("content-") && name !== "etag");
  return { status: 416, fields: [...kept, ["content-range", `bytes */${length}`]], body: null };
}
