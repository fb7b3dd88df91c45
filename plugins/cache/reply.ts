/** What the client gets from the cache, and what the cache says of it in Cache-Status (RFC 9211). */
import type { PluginResponse } from "sluice/sdk";
import { answerOf } from "./answer.ts";
import { type CacheOutcome, cacheStatus } from "./cache-status.ts";
import type { RequestHead } from "./fields.ts";
import { type CacheContext, rulesFor } from "./passing.ts";
import { remainingOf } from "./retention.ts";
import type { Held } from "./shelf.ts";

export function answer(held: Held, head: RequestHead, now: number, ctx: CacheContext, outcome: CacheOutcome) {
  const { stored, cached } = held;
  const { status, fields, body } = answerOf(stored, head, cached.length, now);
  const { tagFields } = rulesFor(ctx.config);
  const isShown = ([name]: readonly [string, string]) => ctx.config.exposeTags || !tagFields.includes(name);
  const headers = fields.filter(isShown) as [string, string][];
  if (ctx.config.status) {
    const remaining = remainingOf(stored, now);
    headers.push(["cache-status", cacheStatus(ctx.config.name, { ...outcome, remaining })]);
  }
  // The length of what HEAD asks about is told from the body, which the proxy does not send.
  if (body === null && !(head.method === "HEAD" && status === stored.status))
    return new Response(null, { status, headers });
  return cached.response({ status, headers }, body ?? undefined);
}

export function tell(response: PluginResponse, { config }: CacheContext, outcome: CacheOutcome): void {
  if (config.status) response.headers.append("cache-status", cacheStatus(config.name, outcome));
}

/** Section 5.2.1.7. */
export function refusal(ctx: CacheContext): Response {
  return problem(504, "only_if_cached", "Nothing that is stored may answer this request", ctx);
}

/** The service said that something still holds which is not, or no longer, here. */
export function unclear(ctx: CacheContext): Response {
  return problem(502, "validation_unclear", "The service confirmed a response that is not at hand", ctx);
}

function problem(status: number, code: string, detail: string, { config, state }: CacheContext): Response {
  const headers: [string, string][] = [["content-type", "application/problem+json"]];
  if (config.status)
    headers.push(["cache-status", cacheStatus(config.name, { forward: state.forward, detail: code })]);
  return new Response(JSON.stringify({ status, code, detail }), { status, headers });
}
