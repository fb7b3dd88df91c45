import type { Context, PluginResponse } from "sluice/sdk";
import { targetOf } from "../shared/target.ts";
import {
  type BodyFault,
  type Due,
  DueRules,
  dueStream,
  editedBody,
  isEncoded,
  type Streaming,
} from "./body.ts";
import { applyEdits, fieldEntries } from "./entries.ts";
import { escapeForField } from "./escape.ts";
import type { Facts } from "./facts.ts";
import type { Rules } from "./rules.ts";
import type { DueStream } from "./stream/due-stream.ts";

/** What is kept of a request until its response comes. */
export interface Kept {
  readonly method: string;
  /** By the names in lower case that rules of the response read. */
  readonly fields: ReadonlyMap<string, string | null>;
}

/** @returns why the response cannot be let through; a promise only where a body has to be read */
export function transformResponse(
  response: PluginResponse,
  rules: Rules,
  kept: Kept,
  context: Context,
  state: Streaming,
): BodyFault | null | Promise<BodyFault | null> {
  const { status } = response;
  const cannotRead = isEncoded(response.headers) ? "encoded" : status === 206 ? "malformed" : null;
  const streams = rules.streams.response ? dueStream(rules) : null;
  const due = editHeads(response, rules, kept, context, streams);
  const editor = streams?.editor() ?? null;
  if ((due.length === 0 && editor === null) || status === 204 || status === 304) return null;
  if (kept.method === "HEAD") {
    // The length that the service told is that of another body.
    response.setBody("");
    return null;
  }
  return editedBody(response, due, editor, { cannotRead, rules, log: context.log, state });
}

function editHeads(
  response: PluginResponse,
  rules: Rules,
  kept: Kept,
  context: Context,
  streams: DueStream | null,
): readonly Due[] {
  const bodies = new DueRules();
  for (const rule of rules.response) {
    const plain = responseFacts(response, kept, context);
    const named = rule.when(plain);
    if (named === null) continue;
    const facts = { ...plain, named };
    const type = response.headers.get("content-type");
    if (rule.headers !== null)
      applyEdits(fieldEntries(response.headers), rule.headers, facts, escapeForField);
    rule.setCookies?.(response.headers);
    if (rule.status !== null) response.status = rule.status;
    bodies.add(rule, type, response.headers, facts);
    if (rule.stream !== null) streams?.add(rule.stream, response.headers, facts);
  }
  return bodies.due;
}

function responseFacts(response: PluginResponse, kept: Kept, context: Context): Facts {
  return {
    ...targetOf(response.url),
    method: kept.method,
    headers: response.headers,
    requestHeader: (name) => kept.fields.get(name) ?? null,
    client: context.client,
    identity: context.identity,
    requestId: context.requestId,
    status: response.status,
    named: new Map(),
  };
}
