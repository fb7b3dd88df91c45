import { isUtf8 } from "../../shared/charset.ts";
import type { Facts, Fields } from "../facts.ts";
import type { JsonEdit } from "../json-edits.ts";
import type { Splice } from "../splice.ts";
import { StreamEditor } from "./editor.ts";
import { EventEditor } from "./events.ts";
import { LineEditor } from "./lines.ts";
import type { StreamPart } from "./part.ts";
import type { RecordRules } from "./record.ts";
import { TextEditor, type Texts } from "./texts.ts";

/** What a rule does to a body as it passes. */
export interface StreamRule {
  readonly texts: Texts | null;
  /** Edits of each line or event. */
  readonly lines: readonly JsonEdit[];
  /** The same in its text, where that can be. */
  readonly splice: Splice | null;
}

export type StreamBounds = Pick<RecordRules, "mostDepth" | "longest" | "lets">;

/** Which rules edit a body as it passes. */
export class DueStream {
  private readonly parts: StreamPart[] = [];
  private readonly bounds: StreamBounds;
  private isForeign = false;

  constructor(bounds: StreamBounds) {
    this.bounds = bounds;
  }

  /** @param headers as the rule leaves them */
  add({ texts, lines, splice }: StreamRule, headers: Fields, facts: Facts): void {
    const type = headers.get("content-type");
    const before = this.parts.length;
    const form = streamFormOf(type);
    const records = { ...this.bounds, edits: lines, splice, facts: lastingFacts(facts, headers) };
    if (lines.length > 0 && form === "lines") this.parts.push(new LineEditor(records));
    if (lines.length > 0 && form === "events") this.parts.push(new EventEditor(records));
    if (texts !== null && isText(type)) this.parts.push(new TextEditor(texts));
    if (this.parts.length > before) this.isForeign ||= !isUtf8(type ?? "");
  }

  /** Null: nothing is to be done; `encoded`: the body is in another charset. */
  editor(): StreamEditor | "encoded" | null {
    if (this.parts.length === 0) return null;
    return this.isForeign ? "encoded" : new StreamEditor(this.parts);
  }
}

/** The head has gone when its body passes. */
function lastingFacts(facts: Facts, headers: Fields): Facts {
  const values = new Map<string, string | null>();
  for (const name of headers.keys()) values.set(name, headers.get(name));
  const get = (name: string): string | null => values.get(name.toLowerCase()) ?? null;
  // Of a request they are the same fields.
  const requestHeader = facts.status === 0 ? get : facts.requestHeader;
  const { method, path, query, client, identity, requestId, status, named } = facts;
  const lasting = { method, path, query, client, identity, requestId, status, named, requestHeader };
  return { ...lasting, headers: { get, has: (name) => values.has(name.toLowerCase()) } };
}

/** What a field says that a body is a row of. */
export function streamFormOf(type: string | null): "lines" | "events" | null {
  if (/^\s*text\/event-stream\s*(?:;|$)/i.test(type ?? "")) return "events";
  return /^\s*application\/(?:x-)?(?:ndjson|jsonl|jsonlines)\s*(?:;|$)/i.test(type ?? "") ? "lines" : null;
}

function isText(type: string | null): boolean {
  if (streamFormOf(type) !== null) return true;
  return /^\s*(?:text\/[^\s;,]+|application\/(?:[^\s;,/]+\+)?(?:json|xml)|application\/(?:javascript|graphql|x-www-form-urlencoded))\s*(?:;|$)/i.test(
    type ?? "",
  );
}
