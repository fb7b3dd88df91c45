import type { FieldStore } from "./field-store.ts";
import { isKnownPlain } from "./field-syntax.ts";

/** What may stand in a head, RFC 9110 section 5.5; a line break would make two fields of one. */
const sendable = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What a guest did to the fields of a head. */
export interface FieldEdits {
  /** Names, in lower case, of fields that go from the head as it came. */
  readonly removed: string[];
  /** Lines `name: value` with CRLF that come to its end. */
  readonly added: string;
}

/**
 * The fields of a head, read from its text where they stand. Most policies look at one field and
 * set one: nothing is taken apart for that, and what was changed lies in a second text beside the
 * first.
 *
 * @example
 * const fields = new HeadFields("Host: a\r\nAccept: text/html\r\n", isOwnedField);
 * fields.set("accept", "image/png");
 * fields.edits(); // { removed: ["accept"], added: "accept: image/png\r\n" }
 */
export class HeadFields implements FieldStore {
  private readonly text: string;
  private readonly isOwned: (name: string) => boolean;
  /** The text in lower case, made when a field is looked for. Latin1 keeps its length in it. */
  declare private lower: string | null;
  declare private removed: string[] | null;
  private added = "";

  static {
    // What few handlers touch begins on the prototype: making an object costs by its fields.
    Object.assign(HeadFields.prototype, { lower: null, removed: null });
  }

  /**
   * @param text lines `Name: value`, each with its CRLF, as latin1
   * @param isOwned whether a guest may not change the field of this name (lower case)
   */
  constructor(text: string, isOwned: (name: string) => boolean) {
    this.text = text;
    this.isOwned = isOwned;
  }

  get(name: string): string | null {
    const original = this.isRemoved(name) ? null : joinedValue(this.lowerText(), this.text, name);
    if (this.added === "") return original;
    const added = joinedValue(this.added, this.added, name);
    if (original === null || added === null) return original ?? added;
    return `${original}, ${added}`;
  }

  has(name: string): boolean {
    return this.isOriginal(name) || findField(this.added, name, 0) >= 0;
  }

  /** @throws TypeError when the field is the proxy's, or the value has a control character */
  set(name: string, value: string): void {
    refuseControl(name, value);
    this.refuseOwned(name);
    if (this.removed !== null || this.added !== "" || findField(this.lowerText(), name, 0) >= 0) {
      this.delete(name);
    }
    this.added += `${name}: ${value}\r\n`;
  }

  /** @throws TypeError when the field is the proxy's, or the value has a control character */
  append(name: string, value: string): void {
    refuseControl(name, value);
    this.refuseOwned(name);
    this.added += `${name}: ${value}\r\n`;
  }

  /** @throws TypeError when the field is the proxy's */
  delete(name: string): void {
    this.refuseOwned(name);
    if (this.isOriginal(name)) {
      if (this.removed === null) this.removed = [name];
      else this.removed.push(name);
    }
    if (this.added !== "") this.added = withoutField(this.added, name);
  }

  entries(): (readonly [string, string])[] {
    const original = fieldsOf(this.lowerText(), this.text).filter(([name]) => !this.isRemoved(name));
    return original.concat(fieldsOf(this.added, this.added));
  }

  getSetCookie(): string[] {
    return this.entries()
      .filter(([name]) => name === "set-cookie")
      .map(([, value]) => value);
  }

  /** The edits so far; null when there are none. */
  edits(): FieldEdits | null {
    if (this.removed === null && this.added === "") return null;
    return { removed: this.removed ?? [], added: this.added };
  }

  private lowerText(): string {
    this.lower ??= this.text.toLowerCase();
    return this.lower;
  }

  /** Whether the head came with this field and still has it. */
  private isOriginal(name: string): boolean {
    return !this.isRemoved(name) && findField(this.lowerText(), name, 0) >= 0;
  }

  private isRemoved(name: string): boolean {
    return this.removed?.includes(name) ?? false;
  }

  private refuseOwned(name: string): void {
    if (this.isOwned(name)) throw new TypeError(`Cannot change ${name}: the field belongs to the proxy`);
  }
}

function refuseControl(name: string, value: string): void {
  if (!isKnownPlain(value) && !sendable.test(value))
    throw new TypeError(`Cannot send ${name}: its value has a control character`);
}

/** How a field begins behind the line before it: `\nname:`. Programs use few names. */
const needles = new Map<string, string>();
const mostNeedles = 256;

function needleFor(name: string): string {
  const known = needles.get(name);
  if (known !== undefined) return known;
  const needle = `\n${name}:`;
  if (needles.size < mostNeedles) needles.set(name, needle);
  return needle;
}

/** Where the value of the next field `name` begins at or after the line start `from`; -1 when there is none. */
function findField(lower: string, name: string, from: number): number {
  const afterName = from + name.length;
  if (lower.charCodeAt(afterName) === 0x3a && lower.startsWith(name, from)) return afterName + 1;
  const found = lower.indexOf(needleFor(name), from);
  return found < 0 ? -1 : found + name.length + 2;
}

function joinedValue(lower: string, text: string, name: string): string | null {
  const first = findField(lower, name, 0);
  if (first < 0) return null;
  let end = lineEnd(text, first);
  let joined = valueBetween(text, first, end);
  for (let next = findField(lower, name, end + 2); next >= 0; next = findField(lower, name, end + 2)) {
    end = lineEnd(text, next);
    joined += `, ${valueBetween(text, next, end)}`;
  }
  return joined;
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf("\r", start);
  return end < 0 ? text.length : end;
}

/** The text without the whitespace around a value (OWS, RFC 9110 section 5.6.3). */
function valueBetween(text: string, start: number, end: number): string {
  // Nearly every field is written with one blank behind the colon and none at the end.
  const first = text.charCodeAt(start) === 0x20 ? start + 1 : start;
  if (first < end && !isBlank(text.charCodeAt(first)) && !isBlank(text.charCodeAt(end - 1))) {
    return text.slice(first, end);
  }
  return trimmed(text, first, end);
}

function trimmed(text: string, start: number, end: number): string {
  let first = start;
  let last = end;
  while (first < last && isBlank(text.charCodeAt(first))) first++;
  while (first < last && isBlank(text.charCodeAt(last - 1))) last--;
  return text.slice(first, last);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function withoutField(text: string, name: string): string {
  let rest = text;
  for (let value = findField(rest, name, 0); value >= 0; value = findField(rest, name, 0)) {
    rest = rest.slice(0, value - name.length - 1) + rest.slice(lineEnd(rest, value) + 2);
  }
  return rest;
}

function fieldsOf(lower: string, text: string): [string, string][] {
  const fields: [string, string][] = [];
  for (let start = 0; start < text.length; ) {
    const colon = text.indexOf(":", start);
    if (colon < 0) break;
    const end = lineEnd(text, colon);
    fields.push([lower.slice(start, colon), valueBetween(text, colon + 1, end)]);
    start = end + 2;
  }
  return fields;
}
