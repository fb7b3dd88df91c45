/**
 * Fields read from the text of a head, where they stand. A text has a line of its own before the first field, so
 * that every field is found behind a line feed; `lower` is the same text in lower case, which in latin1
 * keeps its length.
 */

import { type FieldName, separatorOf } from "./field-name.ts";
import type { Field } from "./field-store.ts";
import { trimmed } from "./trimmed.ts";

/** The values of all fields of this name, joined; null when there is none. */
export function joinedValue(lower: string, text: string, name: FieldName): string | null {
  const { needle } = name;
  let found = lower.indexOf(needle);
  if (found < 0) return null;
  let start = found + needle.length;
  let end = lineEnd(text, start);
  let joined = valueBetween(text, start, end);
  for (found = lower.indexOf(needle, end); found >= 0; found = lower.indexOf(needle, end)) {
    start = found + needle.length;
    end = lineEnd(text, start);
    joined += separatorOf(name.text) + valueBetween(text, start, end);
  }
  return joined;
}

export function fieldsOf(lower: string, text: string): Field[] {
  const fields: Field[] = [];
  for (let start = text.indexOf("\n") + 1; start < text.length; ) {
    const colon = text.indexOf(":", start);
    if (colon < 0) break;
    const end = lineEnd(text, colon);
    fields.push([lower.slice(start, colon), valueBetween(text, colon + 1, end)]);
    start = end + 2;
  }
  return fields;
}

/** @param text in lower case */
export function withoutField(text: string, { needle }: FieldName): string {
  let rest = text;
  for (let found = rest.indexOf(needle); found >= 0; found = rest.indexOf(needle, found)) {
    rest = rest.slice(0, found + 1) + rest.slice(lineEnd(rest, found + 1) + 2);
  }
  return rest;
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf("\r", start);
  return end < 0 ? text.length : end;
}

/** The text without the whitespace around a value (OWS, RFC 9110 section 5.6.3). */
function valueBetween(text: string, start: number, end: number): string {
  // Nearly every field is written with one blank behind the colon and none at the end.
  const first = text.charCodeAt(start) === 0x20 ? start + 1 : start;
  if (first < end && text.charCodeAt(first) > 0x20 && text.charCodeAt(end - 1) > 0x20) {
    return text.slice(first, end);
  }
  return trimmed(text, isBlank, first, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
