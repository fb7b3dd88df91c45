/** Fields that a guest sets or removes. */
import { toProxyError } from "../errors.ts";
import { COLON } from "../wire/characters.ts";
import { fieldKind, Kind } from "../wire/field-kind.ts";
import { scanFields } from "../wire/head.ts";
import { MalformedOutcome } from "./outcome.ts";

/** Known to the proxy, and for a guest to set all the same. */
const free = Kind.other | Kind.date | Kind.xForwardedOther;
/** Bytes of fields that one handler may add. */
const mostAdded = 32 * 1024;

/**
 * Field lines after an edit.
 *
 * @param fields lines that are well-formed
 * @param added lines as the guest wrote them
 * @param removed names in lower case
 * @throws MalformedOutcome when a line is no field or belongs to the proxy [CVE-2026-1525]
 */
export function editFields(fields: string, added: string, removed: readonly string[]): string {
  assertGuestFields(added);
  if (removed.length === 0) return fields + added;
  const rest = removed.length === 1 ? withoutName(fields, removed[0]!) : withoutNames(fields, removed);
  return rest + added;
}

/** @throws MalformedOutcome as `editFields` does */
export function assertGuestFields(lines: string): void {
  if (lines === "" || knownLines.has(lines)) return;
  if (lines.length > mostAdded) throw new MalformedOutcome(`Cannot set fields: more than ${mostAdded} bytes`);
  try {
    scanFields(lines, 0, lines.length, (start, nameEnd, _valueStart, _valueEnd, end) => {
      if (end > lines.length) throw new MalformedOutcome("Cannot set fields: a line has no end");
      const kind = fieldKind(lines, start, nameEnd - start);
      const isOwned = kind !== Kind.other && (kind & free) === 0;
      if (isOwned || isTrailer(lines, start, nameEnd)) {
        throw new MalformedOutcome(`Cannot set ${lines.slice(start, nameEnd)}: the proxy owns it`);
      }
    });
  } catch (error) {
    if (error instanceof MalformedOutcome) throw error;
    throw new MalformedOutcome(toProxyError(error, "set fields").message);
  }
  remember(lines);
}

/** Lines that were found good. Most policies set the same few again and again. */
const knownLines = new Set<string>();
const mostKnown = 512;
const longestKnown = 128;

function remember(lines: string): void {
  if (lines.length > longestKnown) return;
  if (knownLines.size === mostKnown) knownLines.clear();
  knownLines.add(lines);
}

function isTrailer(lines: string, start: number, end: number): boolean {
  return end - start === 7 && lines.slice(start, end).toLowerCase() === "trailer";
}

function withoutNames(fields: string, names: readonly string[]): string {
  const gone = new Set(names);
  let out = "";
  let copied = 0;
  scanFields(fields, 0, fields.length, (start, nameEnd, _valueStart, _valueEnd, end) => {
    if (!gone.has(fields.slice(start, nameEnd).toLowerCase())) return;
    out += fields.slice(copied, start);
    copied = end;
  });
  return out + fields.slice(copied);
}

/** Most handlers replace one field: lines are passed over by their ends, without looking at what is in them. */
function withoutName(fields: string, name: string): string {
  const { length } = name;
  let out = "";
  let copied = 0;
  for (let at = 0; at < fields.length; ) {
    const end = fields.indexOf("\n", at) + 1 || fields.length;
    if (fields.charCodeAt(at + length) === COLON && fields.slice(at, at + length).toLowerCase() === name) {
      if (at > copied) out += fields.slice(copied, at);
      copied = end;
    }
    at = end;
  }
  return copied === 0 ? fields : out + fields.slice(copied);
}
