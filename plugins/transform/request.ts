import type { Context, PluginRequest } from "sluice/sdk";
import { targetOf } from "../shared/target.ts";
import { type BodyFault, DueRules, dueStream, editedBody, isEncoded, type Streaming } from "./body.ts";
import { applyEdits, type Edits, fieldEntries, PairList } from "./entries.ts";
import { escapeForField, escapeForUrl } from "./escape.ts";
import type { Facts } from "./facts.ts";
import type { RequestRule, Rules } from "./rules.ts";
import { render } from "./template.ts";

/** Why a request goes no further. */
export type Fault = BodyFault | "path";

/** @returns why the request cannot be let through; a promise only where a body has to be read */
export function transformRequest(
  request: PluginRequest,
  rules: Rules,
  context: Context,
  state: Streaming,
): Fault | null | Promise<Fault | null> {
  const cannotRead = isEncoded(request.headers) ? "encoded" : null;
  const bodies = new DueRules();
  const streams = rules.streams.request ? dueStream(rules) : null;
  for (const rule of rules.request) {
    const plain = requestFacts(request, context);
    const named = rule.when(plain);
    if (named === null) continue;
    const facts = { ...plain, named };
    const type = request.headers.get("content-type");
    const fault = editHead(request, rule, facts);
    if (fault !== null) return fault;
    bodies.add(rule, type, request.headers, facts);
    if (rule.stream !== null) streams?.add(rule.stream, request.headers, facts);
  }
  return editedBody(request, bodies.due, streams?.editor() ?? null, {
    cannotRead,
    rules,
    log: context.log,
    state,
  });
}

function requestFacts(request: PluginRequest, context: Context): Facts {
  const { path, query } = targetOf(request.url);
  return {
    method: request.method,
    path,
    query,
    headers: request.headers,
    requestHeader: (name) => request.headers.get(name),
    client: context.client,
    identity: context.identity,
    requestId: context.requestId,
    status: 0,
    named: new Map(),
  };
}

function editHead(request: PluginRequest, rule: RequestRule, facts: Facts): Fault | null {
  let { path, query } = facts;
  if (rule.path !== null) {
    const made = render(rule.path, facts, escapeForUrl);
    if (made === null || leaves(made)) return "path";
    path = made;
  }
  if (rule.query !== null) {
    const list = new PairList(query.slice(1), true);
    applyEdits(list, rule.query, facts, escapeForUrl);
    const text = list.toString();
    if (list.isChanged) query = text === "" ? "" : `?${text}`;
  }
  if (rule.cookies !== null) editCookies(request, rule.cookies, facts);
  if (rule.headers !== null) applyEdits(fieldEntries(request.headers), rule.headers, facts, escapeForField);
  if (path !== facts.path || query !== facts.query) request.url = path + query;
  return null;
}

/** Whether a value made a segment of dots, which would lead out of the path, or another authority of its beginning. */
function leaves(path: string): boolean {
  return path.startsWith("//") || path.split("/").some((segment) => segment === "." || segment === "..");
}

function editCookies({ headers }: PluginRequest, edits: Edits, facts: Facts): void {
  const list = new PairList(headers.get("cookie") ?? "", false);
  applyEdits(list, edits, facts, escapeForUrl);
  if (!list.isChanged) return;
  const text = list.toString();
  if (text === "") headers.delete("cookie");
  else headers.set("cookie", text);
}
