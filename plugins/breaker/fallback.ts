import type { PluginRequest, PluginResponse } from "sluice/sdk";
import { toldUrl } from "../shared/told-url.ts";
import type { BreakerContext, KeptRequest, Refusal } from "./call.ts";
import { count } from "./report.ts";
import { keep, longestKey, mayAsk, mayKeep, recall } from "./stale.ts";

export interface BreakerOptions {
  /**
   * Answers in the place of a service whose circuit is open. Without an answer the fallback of the config has its turn.
   */
  readonly fallback?: (
    request: PluginRequest,
    ctx: BreakerContext,
    refusal: Refusal,
  ) => Answer | Promise<Answer>;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing returns void
type Answer = Response | undefined | void;

/**
 * Another answer while a circuit is open: of a function, or one that was kept.
 *
 * @param request null: it cannot be asked about any more
 * @param asked what was asked for; null: nothing that a kept answer may be given to
 */
export async function answerInstead(
  ctx: BreakerContext,
  refused: Refusal,
  { fallback }: BreakerOptions,
  request: PluginRequest | null,
  asked: KeptRequest | null,
): Promise<Response | null> {
  const answer = request === null ? undefined : await fallback?.(request, ctx, refused);
  if (answer !== undefined) return answer;
  if (ctx.config.fallback.stale === undefined || asked === null) return null;
  const old = await recall(ctx.kv, asked);
  if (old !== null) count(ctx, "stale", refused.circuit);
  return old;
}

/** What a kept answer is looked up by; null: none may be given, or kept. */
export function askedFor(request: PluginRequest, ctx: BreakerContext): KeptRequest | null {
  // However somebody proved who they are, and whatever is left of that in the request: what they get is theirs.
  if (ctx.config.fallback.stale === undefined || ctx.identity !== null || !mayAsk(request)) return null;
  // Routes that differ in more than the URL lead to services that differ. No URL has a space, no field a line feed.
  const url = [`${ctx.route.name} ${request.url}`, ...toldUrl(request.headers)].join("\n");
  return { url, headers: new Headers([...request.headers]) };
}

/** Keeps the answer if it may be, and none was kept of this URL lately. */
export function keepAnswer(response: PluginResponse, ctx: BreakerContext): Promise<undefined> | undefined {
  const { counters, config, kv, state } = ctx;
  const { kept } = state;
  const { stale } = config.fallback;
  if (kept === null || stale === undefined || !mayKeep(response, stale)) return undefined;
  const turn = `kept ${kept.url}`.slice(0, longestKey);
  if (counters.add(turn, 1, { most: 1, ttl: stale.every }) === undefined) return undefined;
  return response.bytes().then((body) => {
    ctx.waitUntil(keep(kv, kept.url, kept.headers, response, body, stale));
    return undefined;
  });
}
