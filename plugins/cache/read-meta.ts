/**
 * What the store gives back, read. Machines may share it (`cache.redis`), and then others write to it: whatever does not look
 * like what is written here is as good as nothing.
 */

import type { VariantIndex } from "./key/variants.ts";
import type { StoredResponse } from "./stored-response.ts";

/** More are not written. */
const mostSets = 4;
/** Each is looked for in every request. */
const mostNames = 100;

/** Null: it is no response. */
export function readStored(meta: string): StoredResponse | null {
  const value = parse(meta) as Partial<Record<keyof StoredResponse, unknown>> | null;
  if (typeof value !== "object" || value === null) return null;
  const { status, fields, lifetime, responded, initialAge, staleUse } = value;
  const isResponse = isStatus(status) && isAmount(lifetime) && isAmount(responded) && isAmount(initialAge);
  return isResponse && isFieldList(fields) && isStaleUse(staleUse) ? (value as StoredResponse) : null;
}

/** Null: it is no list of what responses vary by. */
export function readIndex(meta: string): VariantIndex | null {
  const value = parse(meta);
  const isIndex = Array.isArray(value) && value.length <= mostSets && value.every(isNames);
  return isIndex ? (value as VariantIndex) : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isStatus(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 200 && value <= 599;
}

/** JSON has no numbers that are none. */
function isAmount(value: unknown): boolean {
  return typeof value === "number" && value >= 0;
}

/** What no value holds: it would end the field, or the head (RFC 9110 section 5.5). */
const forbidden = /[^\t -~\x80-\xff]/;
const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

function isFieldList(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  for (const field of value as unknown[]) {
    if (!Array.isArray(field) || field.length !== 2) return false;
    const [name, text] = field as unknown[];
    if (typeof name !== "string" || typeof text !== "string") return false;
    if (!token.test(name) || forbidden.test(text)) return false;
  }
  return true;
}

function isStaleUse(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { noCache, forbidden, whileRevalidate, ifError } = value as StoredResponse["staleUse"];
  const isKnown = forbidden === "no" || forbidden === "stated" || forbidden === "never";
  return typeof noCache === "boolean" && isKnown && isWindow(whileRevalidate) && isWindow(ifError);
}

function isWindow(value: unknown): boolean {
  return value === null || isAmount(value);
}

function isNames(value: unknown): boolean {
  if (!Array.isArray(value) || value.length > mostNames) return false;
  return value.every((one) => typeof one === "string" && token.test(one));
}
