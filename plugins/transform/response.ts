import type { Context, PluginResponse } from "sluice/sdk";
import {
  type BodyFault,
  type Due,
  DueRules,
  dueStream,
  editedBody,
  forgetBytes,
  forgetDigests,
  isEncoded,
} from "./body.ts";
import { applyEdits, fieldEntries } from "./entries.ts";
import { escapeForField } from "./escape.ts";
import { ExchangeFacts } from "./exchange-facts.ts";
import type { Fields } from "./facts.ts";
import type { Rules } from "./rules.ts";
import type { DueStream } from "./stream/due-stream.ts";
import type { StreamEditor } from "./stream/editor.ts";

/** What is kept of a request until its response comes. */
export interface Kept {
  readonly method: string;
  /** By the names in lower case that rules of the response read. */
  readonly fields: ReadonlyMap<string, string | null>;
}

/**
 * @param keep keeps what edits the body as it passes
 * @returns why the response cannot be let through; a promise only where a body has to be waited for
 */
export function transformResponse(
  response: PluginResponse,
  rules: Rules,
  kept: Kept,
  context: Context,
  keep: (editor: StreamEditor) => void,
): BodyFault | null | Promise<BodyFault | null> {
  const { status } = response;
  const cannotRead = isEncoded(response.headers) ? "encoded" : status === 206 ? "malformed" : null;
  const streams = rules.streams.response ? dueStream(rules) : null;
  const isOfParts = status === 206 && rules.readsResponse && hasParts(response.headers);
  const due = editHeads(response, rules, kept, context, streams);
  const editor = streams?.editor() ?? null;
  // Of what they are parts is not told, and nobody asked for them.
  if (isOfParts) return "malformed";
  // It may be without the Content-Type that rules go by.
  if (status === 304 && rules.readsResponse) forgetDigests(response.headers);
  if (due.length === 0 && editor === null) return null;
  if (status === 204 || status === 304 || kept.method === "HEAD") {
    forgetBytes(response.headers);
    // The length that the service told is that of another body.
    if (kept.method === "HEAD") response.setBody("");
    return null;
  }
  return editedBody(response, due, editor, { cannotRead, rules, log: context.log, keep });
}

function hasParts(headers: Pick<Fields, "get">): boolean {
  return /^\s*multipart\/byteranges\s*(?:;|$)/i.test(headers.get("content-type") ?? "");
}

function editHeads(
  response: PluginResponse,
  rules: Rules,
  kept: Kept,
  context: Context,
  streams: DueStream | null,
): readonly Due[] {
  const bodies = new DueRules();
  const { headers } = response;
  const requestHeader = (name: string): string | null => kept.fields.get(name) ?? null;
  for (const rule of rules.response) {
    const facts = new ExchangeFacts(context, kept.method, response, headers, requestHeader, response.status);
    const named = rule.when(facts);
    if (named === null) continue;
    facts.named = named;
    const type = headers.get("content-type");
    if (rule.headers !== null) applyEdits(fieldEntries(headers), rule.headers, facts, escapeForField);
    rule.setCookies?.(headers);
    if (rule.status !== null) response.status = rule.status;
    bodies.add(rule, type, headers, facts);
    if (rule.stream !== null) streams?.add(rule.stream, headers, facts);
  }
  return bodies.due;
}
