/**
 * A message head: the latin1 string it arrived in, and where in it the fields stand that
 * a proxy must know (the *marks*). The rest is never turned into objects.
 */
import { type ErrorCode, ProxyError } from "../errors.ts";
import { COLON, CR, HTAB, isFieldValue, isToken, LF, SP } from "./characters.ts";
import { fieldKind, Kind } from "./field-kind.ts";

/** Receives each field line: offsets of line start, name end, value (trimmed) and the byte after CRLF. */
type FieldVisitor = (
  start: number,
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
  end: number,
) => void;

/** Numbers per mark: kind, line start, value start, value end, line end. */
const markSize = 5;

export class Head {
  /** One byte a character; may go on past the head, into the body. */
  readonly raw: string;
  /** Where in `raw` the start line begins. */
  readonly start: number;
  /** Where the field lines begin. */
  readonly fieldsStart: number;
  /** Where the empty line begins that ends the head. */
  readonly fieldsEnd: number;
  /** Minor version: HTTP/1.0 or HTTP/1.1. */
  readonly minor: 0 | 1;
  /** Marked fields in order, `markSize` numbers each. */
  readonly marks: number[] = [];
  /** Bit set of the kinds that occur. */
  kinds = 0;
  fieldCount = 0;

  constructor(raw: string, start: number, fieldsStart: number, fieldsEnd: number, minor: 0 | 1) {
    this.raw = raw;
    this.start = start;
    this.fieldsStart = fieldsStart;
    this.fieldsEnd = fieldsEnd;
    this.minor = minor;
  }

  /** Fields in order, names as sent, values trimmed. */
  *fields(): Generator<[name: string, value: string]> {
    const lines: [string, string][] = [];
    scanFields(this.raw, this.fieldsStart, this.fieldsEnd, (start, nameEnd, valueStart, valueEnd) => {
      lines.push([this.raw.slice(start, nameEnd), this.raw.slice(valueStart, valueEnd)]);
    });
    yield* lines;
  }

  /** Value of a field by its name in lower case; several are joined as RFC 9110 section 5.3 says. */
  get(name: string): string | null {
    return fieldValue(this.raw, this.fieldsStart, this.fieldsEnd, name);
  }

  /** Value of the first field of a kind, or null. */
  marked(kind: number): string | null {
    if ((this.kinds & kind) === 0) return null;
    const { marks } = this;
    for (let i = 0; i < marks.length; i += markSize) {
      if (marks[i] === kind) return this.raw.slice(marks[i + 2], marks[i + 3]);
    }
    return null;
  }

  /** The first field line of a kind, without its CRLF; empty when there is none. */
  markedLine(kind: number): string {
    const { marks } = this;
    for (let i = 0; i < marks.length; i += markSize) {
      if (marks[i] === kind) return this.raw.slice(marks[i + 1], marks[i + 4]! - 2);
    }
    return "";
  }

  /** Values of all fields of a kind, joined with a comma. */
  markedAll(kind: number): string | null {
    if ((this.kinds & kind) === 0) return null;
    const { marks } = this;
    const values: string[] = [];
    for (let i = 0; i < marks.length; i += markSize) {
      if (marks[i] === kind) values.push(this.raw.slice(marks[i + 2], marks[i + 3]));
    }
    return values.join(", ");
  }

  /** How many fields of a kind there are. */
  countOf(kind: number): number {
    if ((this.kinds & kind) === 0) return 0;
    let count = 0;
    for (let i = 0; i < this.marks.length; i += markSize) if (this.marks[i] === kind) count++;
    return count;
  }

  /** The text from `from` to the end of the field lines, without the lines of the given kinds. */
  withoutKinds(cut: number, from: number): string {
    const { raw, marks } = this;
    if ((this.kinds & cut) === 0) return raw.slice(from, this.fieldsEnd);
    let out = "";
    let copied = from;
    for (let i = 0; i < marks.length; i += markSize) {
      if ((marks[i]! & cut) === 0) continue;
      const lineStart = marks[i + 1]!;
      if (lineStart > copied) out += raw.slice(copied, lineStart);
      copied = marks[i + 4]!;
    }
    return copied < this.fieldsEnd ? out + raw.slice(copied, this.fieldsEnd) : out;
  }
}

/**
 * Checks every field line between two offsets and marks the known ones on `head`.
 *
 * @throws ProxyError field_malformed, line_ending_malformed
 */
export function markFields(head: Head): void {
  const { raw, fieldsEnd } = head;
  let at = head.fieldsStart;
  while (at < fieldsEnd) {
    const nameEnd = endOfName(raw, at);
    let valueStart = nameEnd + 1;
    let code = raw.charCodeAt(valueStart);
    while (code === SP || code === HTAB) code = raw.charCodeAt(++valueStart);
    let valueEnd = valueStart;
    while (isFieldValue[code] === 1) code = raw.charCodeAt(++valueEnd);
    const lineEnd = valueEnd + 2;
    assertLineEnd(raw, valueEnd, code);
    while (valueEnd > valueStart && isBlank(raw.charCodeAt(valueEnd - 1))) valueEnd--;
    const kind = fieldKind(raw, at, nameEnd - at);
    if (kind !== Kind.other) {
      head.kinds |= kind;
      head.marks.push(kind, at, valueStart, valueEnd, lineEnd);
    }
    head.fieldCount++;
    at = lineEnd;
  }
}

/**
 * The same walk for readers that want every field.
 *
 * @throws ProxyError field_malformed, line_ending_malformed
 */
export function scanFields(text: string, start: number, end: number, visit: FieldVisitor): void {
  let at = start;
  while (at < end) {
    const nameEnd = endOfName(text, at);
    let valueStart = nameEnd + 1;
    while (isBlank(text.charCodeAt(valueStart))) valueStart++;
    let valueEnd = valueStart;
    while (isFieldValue[text.charCodeAt(valueEnd)] === 1) valueEnd++;
    const lineEnd = valueEnd + 2;
    assertLineEnd(text, valueEnd, text.charCodeAt(valueEnd));
    while (valueEnd > valueStart && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd--;
    visit(at, nameEnd, valueStart, valueEnd, lineEnd);
    at = lineEnd;
  }
}

/** Value of a field among well-formed lines, by its name in lower case; several are joined as RFC 9110 section 5.3 says. */
export function fieldValue(text: string, start: number, end: number, name: string): string | null {
  let found: string | null = null;
  // RFC 9113 section 8.2.3: of cookies nothing but `;` is between two, and a comma belongs to one.
  const separator = name === "cookie" ? "; " : ", ";
  scanFields(text, start, end, (lineStart, nameEnd, valueStart, valueEnd) => {
    if (nameEnd - lineStart !== name.length || text.slice(lineStart, nameEnd).toLowerCase() !== name) return;
    const value = text.slice(valueStart, valueEnd);
    found = found === null ? value : found + separator + value;
  });
  return found;
}

function endOfName(text: string, start: number): number {
  let at = start;
  let code = text.charCodeAt(at);
  while (isToken[code] === 1) code = text.charCodeAt(++at);
  // RFC 9112 section 5.1: no space between name and colon; section 5.2: no folding.
  if (code !== COLON || at === start) throw malformedField(text, start);
  return at;
}

function assertLineEnd(text: string, at: number, code: number): void {
  if (code === CR && text.charCodeAt(at + 1) === LF) return;
  if (code === CR || code === LF)
    throw wireError("line_ending_malformed", "Cannot read field: bare CR or LF");
  throw wireError("field_malformed", `Cannot read field: control byte at offset ${at}`);
}

/**
 * The members of a comma-separated value (RFC 9110 section 5.6.1). `String.trim` would also
 * strip bytes that are part of a member, such as 0xa0.
 */
export function listMembers(value: string): string[] {
  return value.split(",").map(withoutBlanks);
}

/** By hand: a regular expression takes quadratic time over blanks inside a member (CWE-1333). */
function withoutBlanks(member: string): string {
  let start = 0;
  let end = member.length;
  while (start < end && isBlank(member.charCodeAt(start))) start++;
  while (end > start && isBlank(member.charCodeAt(end - 1))) end--;
  return member.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === SP || code === HTAB;
}

function malformedField(text: string, start: number): ProxyError {
  const line = text.slice(start, Math.min(start + 60, text.length)).split("\r\n", 1)[0];
  return wireError("field_malformed", `Cannot read field: found ${JSON.stringify(line)}`);
}

/** A parse error, as a client caused it; the reader of an endpoint's bytes puts the endpoint in its place. */
export function wireError(code: ErrorCode, message: string): ProxyError {
  return new ProxyError(code, message, { source: "downstream" });
}
