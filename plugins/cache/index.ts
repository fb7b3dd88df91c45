/** A shared cache of responses (RFC 9111). */
import { definePlugin, type PluginResponse } from "sluice/sdk";
import { schema } from "./config.ts";
import type { FieldList, RequestHead } from "./fields.ts";
import { land, landingOf } from "./flights/landing.ts";
import { invalidatedUrls } from "./invalidation.ts";
import { keep, store } from "./keeping.ts";
import { keyedUrl } from "./key/cache-key.ts";
import { answerOrDepart, isKeyed, remember } from "./lookup.ts";
import { type CacheContext, newPassing, prepare, rulesFor } from "./passing.ts";
import { answer, tell, unclear } from "./reply.ts";
import { planRequest } from "./request-plan.ts";
import { planResponse, planSilence, type ResponsePlan } from "./response-plan.ts";
import { at, find, type Held, isStillAt } from "./shelf.ts";
import { isSameBody } from "./stored-response.ts";

export default definePlugin({
  description: "Keeps responses that may be shared and answers with them (RFC 9111)",
  config: schema,
  capabilities: { cache: true },
  state: newPassing,
  setup: prepare,

  onRequest(request, ctx) {
    const { config, state } = ctx;
    const own = rulesFor(config);
    const plan = planRequest(request, own);
    if (plan.kind === "forward" || !isKeyed(ctx)) {
      if (plan.kind === "forward") state.forward = plan.because;
      remember(request, ctx);
      return;
    }
    // Routes that differ in more than the URL lead to services that differ.
    const key = `${plan.key}\nroute ${ctx.route.name}`;
    const held = find(ctx.cache, key, request.headers);
    if (held instanceof Promise) return held.then((held) => answerOrDepart(key, held, request, ctx));
    return answerOrDepart(key, held, request, ctx);
  },

  onResponse(response, ctx) {
    const { cache, config, state } = ctx;
    const { head, found } = state;
    state.isAnswered = true;
    if (head === null) return;
    const now = Date.now();
    if (response.error !== null) return afterSilence(response, head, now, ctx);
    const fields: FieldList = [...response.headers];
    const arrived = { status: response.status, fields };
    const own = rulesFor(config);
    if (!config.exposeTags) for (const name of own.tagFields) response.headers.delete(name);
    for (const url of invalidatedUrls(head, arrived)) cache.deleteUrl(keyedUrl(url, own.key));
    if (state.key === null) {
      tell(response, ctx, { forward: state.forward });
      return;
    }
    const times = { requested: state.requested, responded: now };
    const plan = planResponse(head, found, arrived, times, own);
    if (plan.kind !== "store") land(ctx, landingOf(plan, response.status, now, own));
    if (plan.kind === "ask-again") {
      cache.delete(state.entry);
      return unclear(ctx);
    }
    if (plan.kind === "answer") return afterValidation(plan, response, head, now, ctx);
    if (plan.kind === "update" && found && isStillAt(cache, state.entry, found.stored))
      keep(plan.stored, head, now, ctx);
    if (plan.kind === "pass" && plan.old === "drop" && found) cache.delete(state.entry);
    tell(response, ctx, {
      forward: state.forward,
      stored: plan.kind === "store" && store(plan, head, now, ctx),
    });
  },
});

function afterSilence(response: PluginResponse, head: RequestHead, now: number, ctx: CacheContext) {
  const stored = planSilence(ctx.state.found);
  const held = stored ? at(ctx.cache, ctx.state.entry) : null;
  if (held instanceof Promise) return held.then((held) => standIn(held, response, head, now, ctx));
  return standIn(held, response, head, now, ctx);
}

function standIn(
  held: Held | null,
  response: PluginResponse,
  head: RequestHead,
  now: number,
  ctx: CacheContext,
) {
  land(ctx, held ? "stood-in" : "failed");
  if (held) return answer(held, head, now, ctx, { forward: ctx.state.forward, detail: "unreachable" });
  tell(response, ctx, { forward: ctx.state.forward });
}

function afterValidation(
  plan: Validated,
  response: PluginResponse,
  head: RequestHead,
  now: number,
  ctx: CacheContext,
) {
  const held = at(ctx.cache, ctx.state.entry);
  if (held instanceof Promise) return held.then((held) => confirm(held, plan, response, head, now, ctx));
  return confirm(held, plan, response, head, now, ctx);
}

type Validated = Extract<ResponsePlan, { kind: "answer" }>;

/** What was found is the answer. */
function confirm(
  held: Held | null,
  { stored, old }: Validated,
  response: PluginResponse,
  head: RequestHead,
  now: number,
  ctx: CacheContext,
) {
  const { cache, state } = ctx;
  if (held === null) return unclear(ctx);
  const outcome = { forward: state.forward, forwardStatus: response.status };
  // It came after what was confirmed, whose body is gone.
  if (!isSameBody(held.stored, state.found!.stored)) return answer(held, head, now, ctx, outcome);
  if (old === "replace") keep(stored, head, now, ctx);
  if (old === "drop") cache.delete(state.entry);
  return answer({ ...held, stored }, head, now, ctx, { ...outcome, stored: old === "replace" });
}
