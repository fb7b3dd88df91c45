/** What guests answer (sdk/runtime/message.ts). Nothing in it is believed before it was checked. */
import { BodyForm, longestRemembered, MessageKind, OutcomeKind } from "../../sdk/runtime/message.ts";
import { FieldEdits } from "./field-edits.ts";
import { MalformedOutcome } from "./malformed-outcome.ts";

export type Outcome =
  | { readonly kind: "unchanged" }
  | { readonly kind: "pending" }
  | {
      readonly kind: "edited";
      readonly fields: FieldEdits;
      readonly edits: object | null;
    }
  | {
      readonly kind: "reply";
      readonly fields: string;
      readonly status: number;
      readonly reason: string;
      readonly body: ReplyBody;
    }
  | { readonly kind: "fault"; readonly fault: GuestError }
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "chunk"; readonly action: number; readonly text: string };

/** A text; or a form: bytes come beside the outcome, a stream is to be pulled, a stored body has a number. */
export type ReplyBody = string | number | null;

/** An exception of guest code, as it described it. */
export interface GuestError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** What it came from, with stacks. */
  readonly reasons?: string;
}

/** JSON of a guest takes time and memory for each of its parts: so many code units at most. */
const longestJson = 512 * 1024;
/** What is passed on as it is has no more levels: whoever walks it later takes a part of the stack for each. */
const deepestJson = 200;
/** Names of fields that one handler may remove, in code units. */
const longestRemoved = 32 * 1024;
/** What is kept of each text of a fault, in code units. */
const longestFault = 16 * 1024;

const unchanged: Outcome = { kind: "unchanged" };
const pending: Outcome = { kind: "pending" };

/** Edits that a guest said it would come back to, by kind of message. */
export type RememberedEdits = Map<string, Outcome>;

/** Messages whose edits are remembered. */
const editedKinds: readonly string[] = [MessageKind.request, MessageKind.upstream, MessageKind.response];

/** Reads outcomes one behind the other. */
export class OutcomeReader {
  private readonly text: string;
  private readonly remembered: RememberedEdits | null;
  private at = 0;

  /** @param remembered of the guest whose answer it is; null: it may not refer to anything */
  constructor(text: string, start = 0, remembered: RememberedEdits | null = null) {
    this.text = text;
    this.at = start;
    this.remembered = remembered;
  }

  get atEnd(): boolean {
    return this.at === this.text.length;
  }

  /** @throws MalformedOutcome */
  next(): Outcome {
    const kind = this.text[this.at++];
    switch (kind) {
      case OutcomeKind.unchanged:
        return unchanged;
      case OutcomeKind.pending:
        return pending;
      case OutcomeKind.edited:
        return this.edited();
      case OutcomeKind.remembered:
        return this.toRemember();
      case OutcomeKind.again:
        return this.again();
      case OutcomeKind.reply:
        return this.reply();
      case OutcomeKind.chunk:
        return this.chunk();
      case OutcomeKind.fault:
        return { kind: "fault", fault: asGuestError(this.json(this.line())) };
      case OutcomeKind.json:
        return { kind: "json", value: this.json(this.line()) };
      default:
        throw malformed("kind");
    }
  }

  private toRemember(): Outcome {
    const kind = this.text[this.at++] ?? "";
    const isKnown = editedKinds.includes(kind) && this.text[this.at++] === OutcomeKind.edited;
    if (this.remembered === null || !isKnown) throw malformed("kind");
    const start = this.at;
    const { fields, edits } = this.edited();
    if (edits !== null || this.at - start > longestRemembered) throw malformed("edits to remember");
    // A part of the answer would keep all of it.
    const outcome: Outcome = { kind: "edited", fields: fields.copy(), edits };
    this.remembered.set(kind, outcome);
    return outcome;
  }

  private again(): Outcome {
    const outcome = this.remembered?.get(this.text[this.at++] ?? "");
    if (outcome === undefined) throw malformed("kind");
    return outcome;
  }

  private edited(): Outcome & { kind: "edited" } {
    const line = this.line();
    const first = line.indexOf(" ");
    const second = line.indexOf(" ", first + 1);
    if (first < 0 || second < 0) throw malformed("edits");
    const removed = line.slice(first + 1, second);
    if (removed.length > longestRemoved) throw malformed("list of fields");
    const json = line.slice(second + 1);
    const sizes = line.slice(0, first);
    const plus = sizes.indexOf("+");
    const added = this.take(length(plus < 0 ? sizes : sizes.slice(0, plus)));
    const edits = json === "" ? null : editsIn(json);
    return {
      kind: "edited",
      fields: new FieldEdits(added, removed === "" ? [] : removed.split(",")),
      edits: plus < 0 ? edits : { ...edits, body: this.take(length(sizes.slice(plus + 1))) },
    };
  }

  private reply(): Outcome {
    const line = this.line();
    const [fields = "", body = "", status = ""] = line.split(" ", 3);
    const fieldText = this.take(length(fields));
    return {
      kind: "reply",
      fields: fieldText,
      status: length(status),
      reason: line.slice(fields.length + body.length + status.length + 3),
      body: this.body(body),
    };
  }

  private body(form: string): ReplyBody {
    const code = Number(form);
    if (code === BodyForm.none) return null;
    if (code === BodyForm.bytes || code === BodyForm.stream || code < BodyForm.stored) return code;
    return this.take(length(form));
  }

  private chunk(): Outcome {
    const [size = "", action = ""] = this.line().split(" ", 2);
    return { kind: "chunk", text: this.take(length(size)), action: length(action) };
  }

  private json(size: string): unknown {
    const text = this.take(length(size));
    if (text.length <= longestJson && isDeeper(text, deepestJson))
      throw malformed(`JSON: it has more than ${deepestJson} levels`);
    return parse(text);
  }

  private line(): string {
    const end = this.text.indexOf("\n", this.at);
    if (end < 0) throw malformed("line");
    const line = this.text.slice(this.at, end);
    this.at = end + 1;
    return line;
  }

  private take(size: number): string {
    const end = this.at + size;
    if (end > this.text.length) throw malformed("length");
    const taken = this.text.slice(this.at, end);
    this.at = end;
    return taken;
  }
}

function length(text: string): number {
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) throw malformed("number");
    value = value * 10 + digit;
  }
  if (text.length === 0 || text.length > 9) throw malformed("number");
  return value;
}

const quote = 0x22;
const backslash = 0x5c;
/** Brackets are these without a bit. */
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Whether JSON has more levels; what is none, parsing refuses. */
function isDeeper(text: string, most: number): boolean {
  // Each level has a begin and an end.
  if (text.length <= 2 * most) return false;
  let level = 0;
  let isString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote) isString = !isString;
    else if (code === backslash) i++;
    else if (!isString && (code | 0x20) === openBrace && ++level > most) return true;
    else if (!isString && (code | 0x20) === closeBrace) level--;
  }
  return false;
}

function parse(text: string): unknown {
  if (text.length > longestJson) throw malformed("length of JSON");
  try {
    return JSON.parse(text);
  } catch {
    throw malformed("JSON");
  }
}

/** Edits that say who a client is, by their JSON: the same few clients come again and again. */
const knownEdits = new Map<string, object>();
const mostKnown = 256;
const longestKnown = 2048;
const tellsIdentity = '{"identity"';

function editsIn(json: string): object {
  if (!json.startsWith(tellsIdentity) || json.length > longestKnown) return asObject(parse(json));
  let edits = knownEdits.get(json);
  if (edits === undefined) {
    edits = asObject(parse(json));
    if (knownEdits.size === mostKnown) knownEdits.clear();
    knownEdits.set(json, edits);
  }
  return edits;
}

function asObject(value: unknown): object {
  if (typeof value !== "object" || value === null) throw malformed("object");
  return value;
}

/** @throws MalformedOutcome for what is no object */
export function asGuestError(value: unknown): GuestError {
  const { name, message, stack, reasons } = asObject(value) as Record<string, unknown>;
  return {
    name: faultText(name),
    message: faultText(message),
    stack: faultText(stack),
    reasons: faultText(reasons),
  };
}

/** What is no text is left out: an object can be told to have none. */
function faultText(value: unknown): string {
  return typeof value === "string" ? value.slice(0, longestFault) : "";
}

function malformed(what: string): MalformedOutcome {
  return new MalformedOutcome(`Cannot read the guest's answer: malformed ${what}`);
}
