/** Reads structured fields (RFC 8941, section 4.2): a field of which any part is not well formed is none. */
import type { BareItem, InnerList, Item, Member, Parameters } from "./value.ts";

const key = /[a-z*][a-z0-9_\-.*]*/y;
const number = /-?[0-9]+(?:\.[0-9]+)?/y;
const string = /"((?:[ !#-[\]-~]|\\["\\])*)"/y;
const token = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y;
const bytes = /:([A-Za-z0-9+/]*={0,2}):/y;
const boolean = /\?([01])/y;
const spaces = / */y;
const whiteSpace = /[ \t]*/y;

/**
 * A dictionary (RFC 8941, section 4.2.2), or null. Of a key that comes twice the last value counts.
 *
 * @example
 * parseDictionary("max-age=60, foo")?.get("max-age"); // { item: { type: "integer", value: 60 }, parameters: Map {} }
 */
export function parseDictionary(text: string): Map<string, Member> | null {
  const members = new Map<string, Member>();
  const isWhole = parseMembers(text, (cursor) => {
    const name = take(cursor, key)?.[0];
    const member = name === undefined ? null : parseNamed(cursor);
    if (member !== null) members.set(name!, member);
    return member !== null;
  });
  return isWhole ? members : null;
}

/** A list (section 4.2.1), or null. */
export function parseList(text: string): Member[] | null {
  const members: Member[] = [];
  const isWhole = parseMembers(text, (cursor) => {
    const member = parseMember(cursor);
    if (member !== null) members.push(member);
    return member !== null;
  });
  return isWhole ? members : null;
}

/** An item (section 4.2.3), or null. */
export function parseItem(text: string): Item | null {
  const cursor: Cursor = { text, at: 0 };
  take(cursor, spaces);
  const item = parseItemAt(cursor);
  take(cursor, spaces);
  return cursor.at === text.length ? item : null;
}

interface Cursor {
  readonly text: string;
  at: number;
}

/** What lists and dictionaries have in common (section 4.2.1 and 4.2.2). */
function parseMembers(text: string, parse: (cursor: Cursor) => boolean): boolean {
  const cursor: Cursor = { text: withoutEndingSpaces(text), at: 0 };
  take(cursor, spaces);
  while (cursor.at < cursor.text.length) {
    if (!parse(cursor)) return false;
    take(cursor, whiteSpace);
    if (cursor.at === cursor.text.length) break;
    if (!skip(cursor, ",")) return false;
    take(cursor, whiteSpace);
    // A comma at the end is an error (section 4.2.2, step 2.8).
    if (cursor.at === cursor.text.length) return false;
  }
  return true;
}

/** What follows a key. Without `=` it is true, and may have parameters (section 4.2.2). */
function parseNamed(cursor: Cursor): Member | null {
  if (skip(cursor, "=")) return parseMember(cursor);
  const parameters = parseParameters(cursor);
  return parameters && { item: { type: "boolean", value: true }, parameters };
}

function parseMember(cursor: Cursor): Member | null {
  return skip(cursor, "(") ? parseInnerList(cursor) : parseItemAt(cursor);
}

function parseItemAt(cursor: Cursor): Item | null {
  const item = parseBareItem(cursor);
  const parameters = item && parseParameters(cursor);
  return item && parameters && { item, parameters };
}

/** Section 4.2.1.2. */
function parseInnerList(cursor: Cursor): InnerList | null {
  const items: Item[] = [];
  for (;;) {
    const { at } = cursor;
    take(cursor, spaces);
    if (skip(cursor, ")")) {
      const parameters = parseParameters(cursor);
      return parameters && { items, parameters };
    }
    const isSeparated = cursor.at > at || cursor.text[at - 1] === "(";
    const item = isSeparated ? parseItemAt(cursor) : null;
    if (item === null) return null;
    items.push(item);
  }
}

/** Section 4.2.3.2. */
function parseParameters(cursor: Cursor): Parameters | null {
  const parameters = new Map<string, BareItem>();
  while (skip(cursor, ";")) {
    take(cursor, spaces);
    const name = take(cursor, key)?.[0];
    if (name === undefined) return null;
    const value: BareItem | null = skip(cursor, "=")
      ? parseBareItem(cursor)
      : { type: "boolean", value: true };
    if (value === null) return null;
    parameters.set(name, value);
  }
  return parameters;
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
  if (encoded !== undefined) return bytesItem(encoded);
  const bit = take(cursor, boolean)?.[1];
  return bit === undefined ? null : { type: "boolean", value: bit === "1" };
}

/** Section 4.2.4: 15 digits, or 12 before the point and 3 after it. */
function numberItem(numeral: string): BareItem | null {
  const [whole = "", fraction] = numeral.replace("-", "").split(".");
  if (fraction === undefined) return whole.length > 15 ? null : { type: "integer", value: Number(numeral) };
  return whole.length > 12 || fraction.length > 3 ? null : { type: "decimal", value: Number(numeral) };
}

/** Section 4.2.7: padding may be missing; a character alone is no byte. */
function bytesItem(encoded: string): BareItem | null {
  const value = encoded.replaceAll("=", "");
  return value.length % 4 === 1 ? null : { type: "bytes", value: encoded };
}

/** By hand: a pattern that looks for spaces before the end goes over a long run of them again and again. */
function withoutEndingSpaces(text: string): string {
  let end = text.length;
  while (text[end - 1] === " ") end--;
  return text.slice(0, end);
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
