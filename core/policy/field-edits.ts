/** Fields that a guest sets or removes. */
import { toProxyError } from "../errors.ts";
import { COLON } from "../wire/characters.ts";
import { fieldKind, Kind } from "../wire/field-kind.ts";
import { hasDate } from "../wire/forward/response.ts";
import { scanFields } from "../wire/head.ts";
import { MalformedOutcome } from "./malformed-outcome.ts";

/** Known to the proxy, and for a guest to set all the same. */
const free = Kind.other | Kind.date | Kind.xForwardedOther;
/** Bytes of fields that one handler may add. */
const mostAdded = 32 * 1024;

/** What one outcome does to fields. It is looked at once, however often its guest comes back to it. */
export class FieldEdits {
  /** Lines as the guest wrote them. */
  private readonly added: string;
  /** Names in lower case. */
  private readonly removed: readonly string[];
  private isSound = false;
  private date: boolean | null = null;

  constructor(added: string, removed: readonly string[]) {
    this.added = added;
    this.removed = removed;
  }

  /** Whether there is a Date afterwards; null: as before. To be asked when the edits were applied once. */
  get leavesDate(): boolean | null {
    return this.date;
  }

  /**
   * Field lines after the edits.
   *
   * @param fields lines that are well-formed
   * @throws MalformedOutcome when a line is no field or belongs to the proxy [CVE-2026-1525]
   */
  appliedTo(fields: string): string {
    if (!this.isSound) this.look();
    return editFields(fields, this.added, this.removed);
  }

  /** The same, with no part of the text that they were read from. */
  copy(): FieldEdits {
    const { added, removed } = JSON.parse(JSON.stringify(this)) as { added: string; removed: string[] };
    return new FieldEdits(added, removed);
  }

  private look(): void {
    assertGuestFields(this.added);
    if (hasDate(this.added)) this.date = true;
    else if (this.removed.includes("date")) this.date = false;
    this.isSound = true;
  }
}

/**
 * Field lines without those of some names, and with others behind them.
 *
 * @param fields lines that are well-formed, as those of `added`
 * @param removed names in lower case
 */
export function editFields(fields: string, added: string, removed: readonly string[]): string {
  if (removed.length === 0) return fields + added;
  const rest = removed.length === 1 ? withoutName(fields, removed[0]!) : withoutNames(fields, removed);
  return rest + added;
}

/** @throws MalformedOutcome as `FieldEdits.appliedTo` does */
export function assertGuestFields(lines: string): void {
  if (lines === "") return;
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
