/** A shared cache of responses (RFC 9111). */
import { type Context, definePlugin, type PluginRequest, type PluginResponse } from "sluice/sdk";
import { answerOf } from "./answer.ts";
import { type CacheOutcome, cacheStatus, type ForwardReason } from "./cache-status.ts";
import { type CacheConfig, rulesOf, schema } from "./config.ts";
import { type FieldList, fieldValue, type RequestHead, readerOf } from "./fields.ts";
import type { Landing, Leader, Turn } from "./flights/flights.ts";
import { Gate } from "./flights/gate.ts";
import { flightKey, kindKey } from "./flights/key.ts";
import { invalidatedUrls } from "./invalidation.ts";
import { keyedUrl } from "./key/cache-key.ts";
import { planRequest } from "./request-plan.ts";
import { type Found, planResponse, planSilence, type ResponsePlan } from "./response-plan.ts";
import { remainingOf, usefulFor } from "./retention.ts";
import { isForAll, type LookupPlan, planLookup } from "./reuse.ts";
import type { CacheRules } from "./rules.ts";
import { at, find, type Held, likelyEntry, place } from "./shelf.ts";
import type { StoredResponse } from "./stored-response.ts";
import { tagsOf } from "./tags.ts";
import { validationEdits } from "./validation.ts";

/** What is known of a request once it is sent on. */
interface Passing {
  /** As the client sent it; null: the answer came from here. */
  head: RequestHead | null;
  /** Under which its response is kept; null: it is not. */
  key: string | null;
  /** What was found and has to be validated, and its own key. */
  found: Found | null;
  entry: string;
  /** ms since the epoch. */
  requested: number;
  isAnswered: boolean;
  forward: ForwardReason;
  /** Others wait for its answer under this key; null: nobody does. */
  flight: string | null;
  /** Stands for it where they wait. */
  leader: Leader | null;
}

/** A request that was looked up, and not answered. */
interface Departure {
  readonly held: Held | null;
  readonly lookup: LookupPlan;
}

type CacheContext = Context<CacheConfig, Passing>;

const rules = new WeakMap<object, CacheRules>();
const gates = new WeakMap<object, Gate>();
/** Of one request that waits: by then what comes for others is seldom for it. */
const mostFlights = 4;

export default definePlugin({
  description: "Keeps responses that may be shared and answers with them (RFC 9111)",
  config: schema,
  capabilities: { cache: true },
  state: (): Passing => ({
    head: null,
    key: null,
    found: null,
    entry: "",
    requested: 0,
    forward: "bypass",
    flight: null,
    leader: null,
    isAnswered: false,
  }),

  setup(config) {
    rules.set(config, rulesOf(config));
    gates.set(config, new Gate(config.collapse.timeout * 1000));
  },

  onRequest(request, ctx) {
    const { config, state } = ctx;
    const own = rules.get(config)!;
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
    const own = rules.get(config)!;
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
    if (plan.kind === "update") keep(plan.stored, head, now, ctx);
    if (plan.kind === "pass" && plan.old === "drop" && found) cache.delete(state.entry);
    tell(response, ctx, {
      forward: state.forward,
      stored: plan.kind === "store" && store(plan, head, now, ctx),
    });
  },
});

/** @param held what is kept for it */
function answerOrDepart(key: string, held: Held | null, request: PluginRequest, ctx: CacheContext) {
  const found = lookUp(held, request, ctx, null);
  if (found instanceof Response) return found;
  if (ctx.isRefresh) return depart(key, found, request, ctx, takeRefresh(request, found, ctx));
  const flight = boardingKey(key, request, found, ctx);
  const gate = gates.get(ctx.config)!;
  const boarding = flight === null ? "alone" : gate.board(flight, leaderOf(ctx), ctx.signal);
  if (boarding === "wait") return lookAfterWaiting(key, flight!, request, ctx);
  depart(key, found, request, ctx, boarding === "lead" ? flight : null);
}

/** The answer, or what is to be done to get one. `turn`: after it waited. */
function lookUp(held: Held | null, request: PluginRequest, ctx: CacheContext, turn: Turn | null) {
  const { config, state } = ctx;
  const now = Date.now();
  const lookup = planLookup(held?.stored ?? null, request, now, rules.get(config)!);
  if (lookup.kind === "refuse") return refusal(ctx);
  const outcome: CacheOutcome = turn === null ? { hit: true } : { forward: state.forward, collapsed: true };
  if (held && lookup.kind === "answer" && !(lookup.refresh && ctx.isRefresh)) {
    if (lookup.refresh) refresh(request, held, ctx);
    return answer(held, request, now, ctx, outcome);
  }
  const standsIn = turn === "stand-in" && lookup.kind === "validate" && lookup.fallback.onError;
  state.forward = held ? "stale" : "uri-miss";
  return held && standsIn ? answer(held, request, now, ctx, outcome) : { held, lookup };
}

function boardingKey(key: string, request: PluginRequest, { held }: Departure, ctx: CacheContext) {
  const entry = held === null ? likelyEntry(ctx.cache, key, request.headers) : confirmationOf(held);
  return flightKey(request, entry, ctx.identity !== null, rules.get(ctx.config)!);
}

/** Whether the first answer was for all says nothing of the one that confirms it: they are not waited for alike. */
function confirmationOf({ entry }: Held): string {
  return `${entry}\n\nheld`;
}

/** Has what is stale asked for behind the client's back, unless that is under way (RFC 5861 section 3). */
function refresh({ headers }: PluginRequest, held: Held, ctx: CacheContext): void {
  const { config, identity } = ctx;
  const gate = gates.get(config)!;
  const flight = kindKey(headers, confirmationOf(held), identity !== null);
  if (!gate.isFree(flight, refreshing)) return;
  if (ctx.refresh()) ctx.metrics.counter("refreshes");
  else gate.land(flight, refreshing, "failed");
}

/** Others may wait for the refresh by now: it is this request. */
function takeRefresh({ headers }: PluginRequest, { held }: Departure, ctx: CacheContext): string | null {
  if (held === null) return null;
  const flight = kindKey(headers, confirmationOf(held), ctx.identity !== null);
  gates.get(ctx.config)!.take(flight, leaderOf(ctx), ctx.signal);
  return flight;
}

/** Somebody else asks for the same. */
async function lookAfterWaiting(key: string, first: string, request: PluginRequest, ctx: CacheContext) {
  const { config, signal } = ctx;
  const gate = gates.get(config)!;
  const until = gate.patienceUntil(ctx.deadline);
  ctx.metrics.counter("collapsed_requests");
  let flight: string | null = first;
  for (let flights = 1; ; flights++) {
    const turn = await gate.wait(flight, leaderOf(ctx), until, signal);
    const found = lookUp(await find(ctx.cache, key, request.headers), request, ctx, turn);
    if (found instanceof Response) {
      if (turn === "lead") gate.land(flight, leaderOf(ctx), "shared");
      return found;
    }
    if (turn === "lead") return depart(key, found, request, ctx, flight);
    const next: string | null = boardingKey(key, request, found, ctx);
    const isOver = turn === "alone" || next === null || next === flight || flights === mostFlights;
    const boarding = isOver ? "alone" : gate.board(next, leaderOf(ctx), signal);
    if (boarding !== "wait") return depart(key, found, request, ctx, boarding === "lead" ? next : null);
    // What came varies by fields that this request has other values of.
    flight = next!;
  }
}

/** The request goes on to the service. */
function depart(
  key: string,
  { held, lookup }: Departure,
  request: PluginRequest,
  ctx: CacheContext,
  flight: string | null,
): void {
  const { state } = ctx;
  state.key = key;
  state.flight = flight;
  remember(request, ctx);
  if (!held || lookup.kind === "fetch") return;
  const fallback = lookup.kind === "validate" ? lookup.fallback : { onError: true, onSilence: true };
  if (lookup.kind === "validate") state.forward = lookup.because;
  state.found = { stored: held.stored, fallback };
  state.entry = held.entry;
  for (const [name, value] of validationEdits(held.stored)) {
    if (value === null) request.headers.delete(name);
    else request.headers.set(name, value);
  }
}

/** Leads for a request that has yet to be made. */
const refreshing: Leader = { wanted() {} };

/** A client that leaves takes nothing from those who wait for its answer. */
function leaderOf(ctx: CacheContext): Leader {
  const { state } = ctx;
  state.leader ??= {
    wanted() {
      // Behind the response's head this context may be another request's.
      if (!state.isAnswered) ctx.keepGoing();
    },
  };
  return state.leader;
}

/** Those that wait for this request are told how it went. */
function land({ config, state }: CacheContext, landing: Landing): void {
  const { flight } = state;
  state.flight = null;
  if (flight !== null) gates.get(config)!.land(flight, state.leader!, landing);
}

function landingOf(plan: ResponsePlan, status: number, now: number, own: CacheRules): Landing {
  if (plan.kind === "answer" && plan.old === "replace")
    return isForAll(plan.stored, now, own) ? "shared" : "apart";
  if (plan.kind === "answer" && plan.old === "leave") return "stood-in";
  return status >= 500 || plan.kind === "ask-again" ? "failed" : "apart";
}

/** On a route that may lead to several clusters the key has to say which one it was. */
function isKeyed({ route, config }: CacheContext): boolean {
  return route.cluster !== null || config.keyHeaders.length > 0 || config.keyCookies.length > 0;
}

function remember(request: PluginRequest, { state, identity }: CacheContext): void {
  const fields: [string, string][] = [...request.headers];
  // However somebody proved who they are: what they get is theirs unless the service says otherwise (section 3.5).
  if (identity !== null) fields.push(["authorization", "known"]);
  state.head = { method: request.method, url: request.url, headers: readerOf(fields) };
  state.requested = Date.now();
}

function store(
  { stored, vary }: Extract<ResponsePlan, { kind: "store" }>,
  head: RequestHead,
  now: number,
  ctx: CacheContext,
): boolean {
  const { cache, config, state } = ctx;
  const entry = place(cache, state.key!, vary, head.headers, config.maxVariants);
  if (entry === null || !isForAll(stored, now, rules.get(config)!)) land(ctx, "apart");
  if (entry === null) return false;
  // What is under the key itself was replaced by the list of those that vary.
  if (state.found && state.entry !== entry && state.entry !== state.key) cache.delete(state.entry);
  const options = { maxBytes: config.maxBody, early: true, ...labelsOf(head, stored, now, config) };
  const meta = JSON.stringify(stored);
  const recorded = cache.record(entry, meta, options);
  // Who waits may read along.
  if (state.flight !== null && cache.get(entry)?.meta === meta) land(ctx, "shared");
  ctx.waitUntil(
    recorded.then(
      (isKept) => land(ctx, isKept ? "shared" : "failed"),
      (error) => {
        land(ctx, "failed");
        throw error;
      },
    ),
  );
  return true;
}

function keep(
  stored: StoredResponse,
  head: RequestHead,
  now: number,
  { cache, config, state }: CacheContext,
): void {
  cache.update(state.entry, JSON.stringify(stored), labelsOf(head, stored, now, config));
}

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
  if (old === "replace") keep(stored, head, now, ctx);
  if (old === "drop") cache.delete(state.entry);
  return answer({ ...held, stored }, head, now, ctx, {
    forward: state.forward,
    forwardStatus: response.status,
    stored: old === "replace",
  });
}

function answer(held: Held, head: RequestHead, now: number, ctx: CacheContext, outcome: CacheOutcome) {
  const { stored, cached } = held;
  const { status, fields, body } = answerOf(stored, head, cached.length, now);
  const { tagFields } = rules.get(ctx.config)!;
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

function tell(response: PluginResponse, { config }: CacheContext, outcome: CacheOutcome): void {
  if (config.status) response.headers.append("cache-status", cacheStatus(config.name, outcome));
}

/** Section 5.2.1.7. */
function refusal(ctx: CacheContext): Response {
  return problem(504, "only_if_cached", "Nothing that is stored may answer this request", ctx);
}

/** The service said that something still holds which is not, or no longer, here. */
function unclear(ctx: CacheContext): Response {
  return problem(502, "validation_unclear", "The service confirmed a response that is not at hand", ctx);
}

function problem(status: number, code: string, detail: string, { config, state }: CacheContext): Response {
  const headers: [string, string][] = [["content-type", "application/problem+json"]];
  if (config.status)
    headers.push(["cache-status", cacheStatus(config.name, { forward: state.forward, detail: code })]);
  return new Response(JSON.stringify({ status, code, detail }), { status, headers });
}

/** What purges find a response by, and for how long it is worth something to other machines. */
function labelsOf(head: RequestHead, stored: StoredResponse, now: number, config: CacheConfig) {
  const own = rules.get(config)!;
  const tags = own.tagFields.map((name) => fieldValue(stored.fields, name)).join(" ");
  return {
    url: keyedUrl(head.url, own.key),
    tags: tagsOf(tags),
    freshFor: remainingOf(stored, now) / 1000,
    usefulFor: usefulFor(stored, now, own) / 1000,
  };
}
