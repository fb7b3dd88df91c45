/** What becomes of a request: it is answered from what is kept, waits for another one, or is sent on. */
import type { PluginRequest } from "sluice/sdk";
import type { CacheOutcome } from "./cache-status.ts";
import { readerOf } from "./fields.ts";
import type { Turn } from "./flights/flights.ts";
import { flightKey, kindKey } from "./flights/key.ts";
import { leaderOf, refreshing } from "./flights/landing.ts";
import { type CacheContext, gateFor, rulesFor } from "./passing.ts";
import { answer, refusal } from "./reply.ts";
import { type LookupPlan, planLookup } from "./reuse.ts";
import { find, type Held, likelyEntry } from "./shelf.ts";
import { validationEdits } from "./validation.ts";

/** Of one request that waits: by then what comes for others is seldom for it. */
const mostFlights = 4;

/** A request that was looked up, and not answered. */
interface Departure {
  readonly held: Held | null;
  readonly lookup: LookupPlan;
}

/** @param held what is kept for it */
export function answerOrDepart(key: string, held: Held | null, request: PluginRequest, ctx: CacheContext) {
  const found = lookUp(held, request, ctx, null);
  if (found instanceof Response) return found;
  if (ctx.isRefresh) return depart(key, found, request, ctx, takeRefresh(request, found, ctx));
  const flight = boardingKey(key, request, found, ctx);
  const gate = gateFor(ctx.config);
  const boarding = flight === null ? "alone" : gate.board(flight, leaderOf(ctx), ctx.signal);
  if (boarding === "wait") return lookAfterWaiting(key, flight!, request, ctx);
  depart(key, found, request, ctx, boarding === "lead" ? flight : null);
}

/** The answer, or what is to be done to get one. `turn`: after it waited. */
function lookUp(held: Held | null, request: PluginRequest, ctx: CacheContext, turn: Turn | null) {
  const { config, state } = ctx;
  const now = Date.now();
  const lookup = planLookup(held?.stored ?? null, request, now, rulesFor(config));
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
  return flightKey(request, entry, ctx.identity !== null, rulesFor(ctx.config));
}

/** Whether the first answer was for all says nothing of the one that confirms it: they are not waited for alike. */
function confirmationOf({ entry }: Held): string {
  return `${entry}\n\nheld`;
}

/** Has what is stale asked for behind the client's back, unless that is under way (RFC 5861 section 3). */
function refresh({ headers }: PluginRequest, held: Held, ctx: CacheContext): void {
  const { config, identity } = ctx;
  const gate = gateFor(config);
  const flight = kindKey(headers, confirmationOf(held), identity !== null);
  if (!gate.isFree(flight, refreshing)) return;
  if (ctx.refresh()) ctx.metrics.counter("refreshes");
  else gate.land(flight, refreshing, "failed");
}

/** Others may wait for the refresh by now: it is this request. */
function takeRefresh({ headers }: PluginRequest, { held }: Departure, ctx: CacheContext): string | null {
  if (held === null) return null;
  const flight = kindKey(headers, confirmationOf(held), ctx.identity !== null);
  gateFor(ctx.config).take(flight, leaderOf(ctx), ctx.signal);
  return flight;
}

/** Somebody else asks for the same. */
async function lookAfterWaiting(key: string, first: string, request: PluginRequest, ctx: CacheContext) {
  const { config, signal } = ctx;
  const gate = gateFor(config);
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

/** On a route that may lead to several clusters the key has to say which one it was. */
export function isKeyed({ route, config }: CacheContext): boolean {
  return route.cluster !== null || config.keyHeaders.length > 0 || config.keyCookies.length > 0;
}

export function remember(request: PluginRequest, { state, identity }: CacheContext): void {
  const fields: [string, string][] = [...request.headers];
  // However somebody proved who they are: what they get is theirs unless the service says otherwise (section 3.5).
  if (identity !== null) fields.push(["authorization", "known"]);
  state.head = { method: request.method, url: request.url, headers: readerOf(fields) };
  state.requested = Date.now();
}
