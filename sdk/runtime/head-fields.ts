import { fieldsOf, joinedValue, withoutField } from "./field-lines.ts";
import { type FieldName, separatorOf } from "./field-name.ts";
import type { Field, FieldStore } from "./field-store.ts";

/** What may stand in a head, RFC 9110 section 5.5; a line break would make two fields of one. */
const sendable = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * The fields of a head, read from its text where they stand. Most policies look at one field and
 * set one: nothing is taken apart for that, and what was changed lies in a second text beside the
 * first.
 *
 * @example
 * const fields = new HeadFields("200 OK\nServer: a\r\nAge: 7\r\n");
 * fields.set(fieldName("age"), "8");
 * fields.removed; // "age"
 * fields.added; // "age: 8\r\n"
 */
export class HeadFields implements FieldStore {
  readonly text: string;
  // What few handlers touch begins on the prototype: making an object costs by its fields.
  declare sorted: readonly Field[] | null;
  /** Lines that come to the end of the head. */
  declare added: string;
  /** Names of fields, with commas between, that go from the head as it came. It need not have had them. */
  declare removed: string;
  /** Whether they may be changed although no handler is at work on them right now. */
  declare isOpen: boolean;

  static {
    Object.assign(HeadFields.prototype, { sorted: null, added: "", removed: "", isOpen: true });
  }

  /** @param text a line that is no field, and lines `Name: value`, each with its CRLF, as latin1 */
  constructor(text: string) {
    this.text = text;
  }

  get(name: FieldName): string | null {
    const isRemoved = this.removed !== "" && this.isRemoved(name);
    const original = isRemoved ? null : originalValue(this.text, name);
    if (this.added === "") return original;
    const lines = `\n${this.added}`;
    const added = joinedValue(lines, lines, name);
    if (original === null || added === null) return original ?? added;
    return original + separatorOf(name.text) + added;
  }

  has(name: FieldName): boolean {
    return this.isOriginal(name) || this.isAdded(name);
  }

  /** @throws TypeError when the field is the proxy's, the value has a control character, or the head has gone on its way */
  set(name: FieldName, value: string): void {
    if (handled.fields !== this && !this.isOpen) refuseLate();
    if (name.isOwned) refuseOwned(name);
    const line = value === name.value ? name.line : newLine(name, value);
    // To look whether there is such a field takes an interpreter ten times as long as it takes the host to see that there is none.
    if (this.text !== knownText || knownLower.indexOf(name.needle) >= 0) this.remove(name);
    this.added = this.added === "" ? line : this.addedWithout(name) + line;
  }

  /** @throws TypeError as `set` does */
  append(name: FieldName, value: string): void {
    if (handled.fields !== this && !this.isOpen) refuseLate();
    if (name.isOwned) refuseOwned(name);
    this.added += value === name.value ? name.line : newLine(name, value);
  }

  /** @throws TypeError when the field is the proxy's, or the head has gone on its way */
  delete(name: FieldName): void {
    if (handled.fields !== this && !this.isOpen) refuseLate();
    if (name.isOwned) refuseOwned(name);
    if (this.isOriginal(name)) this.remove(name);
    if (this.added !== "") this.added = this.addedWithout(name);
  }

  entries(): Field[] {
    const { added, removed } = this;
    let fields = fieldsOf(lowerOf(this.text), this.text);
    if (removed !== "") {
      const gone = removed.split(",");
      fields = fields.filter(([name]) => !gone.includes(name));
    }
    if (added === "") return fields;
    const lines = `\n${added}`;
    return fields.concat(fieldsOf(lines, lines));
  }

  getSetCookie(): string[] {
    return this.entries()
      .filter(([name]) => name === "set-cookie")
      .map(([, value]) => value);
  }

  /** Whether the head came with this field and still has it. */
  private isOriginal(name: FieldName): boolean {
    return !this.isRemoved(name) && lowerOf(this.text).includes(name.needle);
  }

  private isAdded(name: FieldName): boolean {
    return this.added !== "" && `\n${this.added}`.includes(name.needle);
  }

  private isRemoved({ text }: FieldName): boolean {
    const { removed } = this;
    return removed !== "" && (removed === text || removed.split(",").includes(text));
  }

  private remove(name: FieldName): void {
    if (this.removed === "") this.removed = name.text;
    else if (!this.isRemoved(name)) this.removed += `,${name.text}`;
  }

  private addedWithout(name: FieldName): string {
    return this.isAdded(name) ? withoutField(`\n${this.added}`, name).slice(1) : this.added;
  }
}

/**
 * The head that was looked into last, and the same in lower case: who asks again sends the same fields again, and for an
 * interpreter that is the dearest of all that a field takes.
 */
let knownText = "";
let knownLower = "";
/** Counts the heads that were not the one before. */
let heads = 0;

function lowerOf(text: string): string {
  if (text !== knownText) {
    knownLower = text.toLowerCase();
    heads++;
  }
  // Also where it is the same: next time they are seen to be one without a look at their characters.
  knownText = text;
  return knownLower;
}

function originalValue(text: string, name: FieldName): string | null {
  const lower = lowerOf(text);
  if (name.foundIn === heads) return name.found;
  const value = joinedValue(lower, text, name);
  if (value === null || value.length <= longestFound) {
    name.found = value;
    name.foundIn = heads;
  }
  return value;
}

/** Longer values are looked for each time: the guest's memory is small. */
const longestFound = 4096;

/** Those whose handler is at work right now: to mark each head would cost an interpreter more than to mark this. */
export const handled: { fields: HeadFields | null } = { fields: null };

/** Whoever forgot to wait for something learns of it here. */
export function refuseLate(): never {
  throw new TypeError(
    "Cannot change the message: its handler has returned, and the message is on its way; await what comes before the change",
  );
}

function refuseOwned({ text }: FieldName): never {
  throw new TypeError(`Cannot change ${text}: the field belongs to the proxy`);
}

function newLine(name: FieldName, value: string): string {
  if (!sendable.test(value))
    throw new TypeError(`Cannot send ${name.text}: its value has a control character`);
  const line = name.lineWith(value);
  name.remember(value, line);
  return line;
}
