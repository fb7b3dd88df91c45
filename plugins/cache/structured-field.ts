import { trimmed } from "./fields.ts";

/**
 * The part of RFC 8941 that caches meet: dictionaries are read (CDN-Cache-Control), items with parameters
 * are written (Cache-Status).
 */
export type BareItem =
  | { readonly type: "integer" | "decimal"; readonly value: number }
  | { readonly type: "string" | "token" | "bytes"; readonly value: string }
  | { readonly type: "boolean"; readonly value: boolean };

export type Member = BareItem | { readonly type: "list" };

const key = /[a-z*][a-z0-9_\-.*]*/y;
const number = /-?[0-9]+(?:\.[0-9]+)?/y;
const string = /"((?:[ !#-[\]-~]|\\["\\])*)"/y;
const token = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y;
const bytes = /:([A-Za-z0-9+/]*={0,2}):/y;
const boolean = /\?([01])/y;
const spaces = / */y;
const whiteSpace = /[ \t]*/y;

/**
 * A dictionary (RFC 8941 section 4.2.2), or null when any part of the field is not well formed. Parameters
 * are checked and dropped, and so is what inner lists hold. Of a key that comes twice the last value counts.
 *
 * @example
 * parseDictionary("max-age=60, foo")?.get("max-age"); // { type: "integer", value: 60 }
 */
export function parseDictionary(text: string): Map<string, Member> | null {
  const cursor: Cursor = { text: trimmed(text), at: 0 };
  const members = new Map<string, Member>();
  while (cursor.at < cursor.text.length) {
    const name = take(cursor, key)?.[0];
    const member = name === undefined ? null : parseMember(cursor);
    if (name === undefined || member === null) return null;
    members.set(name, member);
    take(cursor, whiteSpace);
    if (cursor.at === cursor.text.length) break;
    if (!skip(cursor, ",")) return null;
    take(cursor, whiteSpace);
    // A comma at the end is an error (section 4.2.2, step 2.8).
    if (cursor.at === cursor.text.length) return null;
  }
  return members;
}

interface Cursor {
  readonly text: string;
  at: number;
}

/** What follows a key. Without `=` it is true (section 4.2.2). */
function parseMember(cursor: Cursor): Member | null {
  const member: Member | null = skip(cursor, "=") ? parseValue(cursor) : { type: "boolean", value: true };
  return member !== null && skipParameters(cursor) ? member : null;
}

function parseValue(cursor: Cursor): Member | null {
  return skip(cursor, "(") ? parseInnerList(cursor) : parseBareItem(cursor);
}

/** Section 4.2.1.2. */
function parseInnerList(cursor: Cursor): Member | null {
  for (;;) {
    const { at } = cursor;
    take(cursor, spaces);
    if (skip(cursor, ")")) return { type: "list" };
    const isSeparated = cursor.at > at || cursor.text[at - 1] === "(";
    if (!isSeparated || parseBareItem(cursor) === null || !skipParameters(cursor)) return null;
  }
}

/** Section 4.2.3.2. */
function skipParameters(cursor: Cursor): boolean {
  while (skip(cursor, ";")) {
    take(cursor, spaces);
    if (!take(cursor, key)) return false;
    if (skip(cursor, "=") && parseBareItem(cursor) === null) return false;
  }
  return true;
}

/** Section 4.2.3.1. */
function parseBareItem(cursor: Cursor): BareItem | null {
  const numeral = take(cursor, number)?.[0];
  if (numeral !== undefined) return numberItem(numeral);
  const quoted = take(cursor, string)?.[1];
  if (quoted !== undefined) return { type: "string", value: quoted.replace(/\\(.)/g, "$1") };
  const word = take(cursor, token)?.[0];
  if (word !== undefined) return { type: "token", value: word };
  const encoded = take(cursor, bytes)?.[1];
  if (encoded !== undefined) return { type: "bytes", value: encoded };
  const bit = take(cursor, boolean)?.[1];
  return bit === undefined ? null : { type: "boolean", value: bit === "1" };
}

/** Section 4.2.4: 15 digits, or 12 before the point and 3 after it. */
function numberItem(numeral: string): BareItem | null {
  const [whole = "", fraction] = numeral.replace("-", "").split(".");
  if (fraction === undefined) return whole.length > 15 ? null : { type: "integer", value: Number(numeral) };
  return whole.length > 12 || fraction.length > 3 ? null : { type: "decimal", value: Number(numeral) };
}

function take(cursor: Cursor, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = cursor.at;
  const match = pattern.exec(cursor.text);
  if (match) cursor.at = pattern.lastIndex;
  return match;
}

function skip(cursor: Cursor, character: string): boolean {
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at++;
  return true;
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
