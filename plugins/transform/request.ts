import type { Context, PluginRequest } from "sluice/sdk";
import { isUtf8 } from "../shared/charset.ts";
import { type BodyFault, DueRules, dueStream, editedBody, isEncoded } from "./body.ts";
import { applyEdits, type Edits, fieldEntries, PairList } from "./entries.ts";
import { escapeForField, escapeForUrl } from "./escape.ts";
import { ExchangeFacts } from "./exchange-facts.ts";
import type { Facts } from "./facts.ts";
import type { RequestRule, Rules } from "./rules.ts";
import type { StreamEditor } from "./stream/editor.ts";
import { render } from "./template.ts";

/** Why a request goes no further. */
export type Fault = BodyFault | "path";

/**
 * @param keep keeps what edits the body as it passes
 * @returns why the request cannot be let through; a promise only where a body has to be waited for
 */
export function transformRequest(
  request: PluginRequest,
  rules: Rules,
  context: Context,
  keep: (editor: StreamEditor) => void,
): Fault | null | Promise<Fault | null> {
  if (rules.request.length === 0) return null;
  const { headers, method } = request;
  // In another charset the service would read something else than was looked at.
  const isForeign = !isUtf8(headers.get("content-type") ?? "");
  const cannotRead = isForeign || isEncoded(headers) ? "encoded" : null;
  const bodies = new DueRules();
  const streams = rules.streams.request ? dueStream(rules) : null;
  const requestHeader = (name: string): string | null => headers.get(name);
  for (const rule of rules.request) {
    // As the rule before left it: another one may write it anew before all of this is used.
    const asked = { url: request.url };
    const facts = new ExchangeFacts(context, method, asked, headers, requestHeader, 0);
    const named = rule.when(facts);
    if (named === null) continue;
    facts.named = named;
    const type = headers.get("content-type");
    const fault = editHead(request, rule, facts);
    if (fault !== null) return fault;
    bodies.add(rule, type, headers, facts);
    if (rule.stream !== null) streams?.add(rule.stream, headers, facts);
  }
  return editedBody(request, bodies.due, streams?.editor() ?? null, {
    cannotRead,
    rules,
    log: context.log,
    keep,
  });
}

function editHead(request: PluginRequest, rule: RequestRule, facts: Facts): Fault | null {
  const url = editedUrl(rule, facts);
  if (url === "path") return url;
  if (rule.cookies !== null) editCookies(request, rule.cookies, facts);
  if (rule.headers !== null) applyEdits(fieldEntries(request.headers), rule.headers, facts, escapeForField);
  if (url !== null) request.url = url;
  return null;
}

/** Null: it stays; `path`: it cannot be used. */
function editedUrl(rule: RequestRule, facts: Facts): string | null {
  if (rule.path === null && rule.query === null) return null;
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
  return path === facts.path && query === facts.query ? null : path + query;
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
