import { unkeyedPart } from "../shared/unkeyed.ts";
import type { ForwardReason } from "./cache-status.ts";
import { requestDirectives } from "./directives/request-directives.ts";
import type { RequestHead } from "./fields.ts";
import { cacheKey } from "./key/cache-key.ts";
import type { CacheRules } from "./rules.ts";

/** What to do with a request that has arrived. */
export type RequestPlan =
  /** Look for a response under this key; the one that comes instead may be kept under it. */
  | { readonly kind: "lookup"; readonly key: string }
  /** Send it on: nothing stored may answer it. */
  | { readonly kind: "forward"; readonly because: ForwardReason; readonly detail: string };

/** Conditions that only the origin can check (RFC 9111 section 4.3.2). */
const originConditions = ["if-match", "if-unmodified-since"];

/**
 * Whether a request is one for the store, and under which key.
 *
 * @example
 * const plan = planRequest(request, rules);
 * if (plan.kind === "forward") return;
 */
export function planRequest(request: RequestHead, rules: CacheRules): RequestPlan {
  const { method, headers } = request;
  if (method !== "GET" && method !== "HEAD") return { kind: "forward", because: "method", detail: method };
  const unkeyed = unkeyedPart(request);
  if (unkeyed !== null) return forward(unkeyed);
  if (headers.get("upgrade") !== null) return forward("upgrade");
  if (originConditions.some((name) => headers.get(name) !== null)) return forward("condition");
  if (rules.honourClients && requestDirectives(headers.get("cache-control")).noStore)
    return { kind: "forward", because: "request", detail: "no-store" };
  return { kind: "lookup", key: cacheKey(request, rules.key) };
}

function forward(detail: string): RequestPlan {
  return { kind: "forward", because: "bypass", detail };
}
