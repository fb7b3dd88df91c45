import { withoutBlanks } from "../../shared/blanks.ts";
import { parseDictionary as parse } from "../../shared/structured-fields/parse.ts";
import type { BareItem } from "../../shared/structured-fields/value.ts";

/**
 * The part of RFC 8941 that caches meet: dictionaries are read (CDN-Cache-Control), items with parameters
 * are written (Cache-Status).
 */
export type Member = BareItem | { readonly type: "list" };

/**
 * A dictionary (RFC 8941 section 4.2.2), or null when any part of the field is not well formed. Parameters
 * are checked and dropped, and so is what inner lists hold. Of a key that comes twice the last value counts.
 *
 * @example
 * parseDictionary("max-age=60, foo")?.get("max-age"); // { type: "integer", value: 60 }
 */
export function parseDictionary(text: string): Map<string, Member> | null {
  const members = parse(withoutBlanks(text));
  if (members === null) return null;
  const values = new Map<string, Member>();
  for (const [name, member] of members) values.set(name, "items" in member ? { type: "list" } : member.item);
  return values;
}

/**
 * A parameter value as it is written (RFC 8941 section 4.1): a token where the text is one and `form` says
 * so, else a string. What a string cannot hold becomes `?`, for a field that only informs.
 *
 * @example
 * writeItem("a b", "string"); // '"a b"'
 */
export function writeItem(value: string | number, form: "token" | "string" | "integer"): string {
  if (form === "integer") return String(clamped(Math.trunc(Number(value))));
  const text = String(value);
  if (form === "token" && /^[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*$/.test(text)) return text;
  return `"${text.replace(/[^ -~]/g, "?").replace(/["\\]/g, "\\$&")}"`;
}

function clamped(value: number): number {
  const most = 999_999_999_999_999;
  return Number.isNaN(value) ? 0 : Math.max(-most, Math.min(most, value));
}
