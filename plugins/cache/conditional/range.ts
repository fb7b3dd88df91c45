import { fieldValue, type RequestHead } from "../fields.ts";
import { parseHttpDate } from "../http-date.ts";
import type { StoredResponse } from "../stored-response.ts";
import { matchesStrongly } from "./entity-tag.ts";

/** The bytes from `start` up to, not with, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * What part of a whole body a request is about (RFC 9110 section 14.2): `whole` where Range is absent, does not
 * apply or is not understood, `unsatisfiable` where nothing of it exists (416). Several ranges get the
 * whole, as the same section allows: many small ones that overlap cost more than they ask for.
 *
 * @param length bytes of the stored body
 * @param now ms since the epoch
 *
 * @example
 * rangeOf(stored, request, 1000, Date.now()); // { start: 500, end: 1000 } for `bytes=-500`
 */
export function rangeOf(
  stored: StoredResponse,
  request: RequestHead,
  length: number,
  now: number,
): ByteRange | "whole" | "unsatisfiable" {
  const range = request.headers.get("range");
  // Only GET has ranges.
  if (range === null || request.method !== "GET" || stored.status !== 200) return "whole";
  return isCurrent(stored, request.headers.get("if-range"), now) ? parseRange(range, length) : "whole";
}

/** RFC 9110 section 13.1.5: by strong comparison, and a date only where it is strong (section 8.8.2.2). */
function isCurrent(stored: StoredResponse, ifRange: string | null, now: number): boolean {
  if (ifRange === null) return true;
  const tag = fieldValue(stored.fields, "etag");
  if (ifRange.includes('"')) return tag !== null && matchesStrongly(ifRange, tag);
  const modified = parseHttpDate(fieldValue(stored.fields, "last-modified"), now);
  const date = parseHttpDate(fieldValue(stored.fields, "date"), now);
  const isStrongDate = modified !== null && date !== null && date - modified >= 1000;
  return isStrongDate && parseHttpDate(ifRange, now) === modified;
}

function parseRange(range: string, length: number): ByteRange | "whole" | "unsatisfiable" {
  const [, first, last] = /^bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*$/i.exec(range) ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return "whole";
  if (first === "") {
    const suffix = Number(last);
    return suffix === 0 || length === 0
      ? "unsatisfiable"
      : { start: Math.max(0, length - suffix), end: length };
  }
  const start = Number(first);
  // Section 14.1.1: a last position before the first makes the range invalid, and it is ignored.
  if (last !== "" && Number(last) < start) return "whole";
  if (start >= length) return "unsatisfiable";
  return { start, end: last === "" ? length : Math.min(Number(last) + 1, length) };
}
