import type { Context, PluginRequest, SharedStore } from "sluice/sdk";
import { costIn } from "./cost.ts";
import type { Stood } from "./fields.ts";
import type { Entered } from "./limiter.ts";
import type { Limit, Rules } from "./limits.ts";
import { refusal } from "./refusal.ts";

/** A limit that a request is asked to keep within. */
export interface Asked {
  readonly limit: Limit;
  readonly key: string;
  readonly cost: number;
}

/** A limit that has counted the request, and has something to hear of it yet. */
interface Counted extends Asked {
  readonly ticket: number;
  /** Null: in the memory of this machine. */
  readonly store: SharedStore | null;
}

/** What the policy keeps of a request. */
export interface Admission {
  counted: Counted[];
  /** As far as somebody is told of it. */
  readonly stood: Stood[];
  /** The request is over: what is counted from now on nobody would give back. */
  isOver: boolean;
}

export type LimitContext = Context<unknown, Admission>;

/**
 * Asks all limits. The request is counted by all of them or, if one refuses it, by none.
 *
 * @param ownCost null: what the config says
 * @returns the refusal, or undefined
 */
export function admit(
  rules: Rules,
  request: PluginRequest,
  ctx: LimitContext,
  ownCost: number | null,
): Response | undefined {
  const { counters } = ctx;
  for (const limit of rules.limits) {
    const asked = askOf(limit, request, ctx, ownCost);
    if (asked === null) continue;
    const refused = note(rules, ctx, asked, limit.limiter.enter(counters, asked.key, asked.cost), null);
    if (refused !== undefined) {
      takeBack(ctx);
      return refused;
    }
  }
}

/** Null: the limit is not for this request. */
export function askOf(
  limit: Limit,
  request: PluginRequest,
  ctx: LimitContext,
  ownCost: number | null,
): Asked | null {
  const own = limit.keyOf(request, ctx);
  if (own === null) return null;
  const cost = limit.hasOwnCost ? (ownCost ?? limit.cost) : limit.cost;
  return { limit, key: limit.prefix + own, cost };
}

/**
 * Writes down what a limit said.
 *
 * @returns the refusal, if it is one
 */
export function note(
  { limits, policy, fields }: Rules,
  ctx: LimitContext,
  asked: Asked,
  entered: Entered,
  store: SharedStore | null,
): Response | undefined {
  const { limit, key, cost } = asked;
  const { allowed, wait, ticket } = entered;
  // Where there is one limit, its refusal says it all.
  if (fields === "always" || (fields === "refused" && limits.length > 1)) {
    ctx.state.stood.push({ name: limit.name, standing: entered });
  }
  if (allowed) {
    if (!limit.limiter.isForgetful) ctx.state.counted.push({ limit, key, cost, ticket, store });
  } else if (limit.dryRun) {
    ctx.metrics.counter(limit.metrics.wouldRefuse);
    ctx.log.info(`limit ${limit.name} would refuse this`, { limit: limit.name, wait });
  } else {
    ctx.metrics.counter(limit.metrics.refused);
    const { stood } = ctx.state;
    const standings = stood.length > 0 ? stood : [{ name: limit.name, standing: entered }];
    return refusal(limit.name, wait, fields === "never" ? null : { policy, standings });
  }
}

function takeBack({ counters, state }: LimitContext): void {
  for (const { limit, key, cost, ticket } of state.counted) limit.limiter.undo(counters, key, cost, ticket);
  state.counted = [];
}

/** Counts what the service says that the request did cost beyond what was counted. */
export function charge(ctx: LimitContext, headers: { get(name: string): string | null }): void {
  for (const counted of ctx.state.counted) {
    const { limit, key, cost, ticket, store } = counted;
    if (limit.costHeader === null) continue;
    const field = headers.get(limit.costHeader);
    const actual = costIn(field, limit.mostCost);
    if (actual === null) {
      if (field !== null) ctx.metrics.counter(limit.metrics.badCost);
    } else if (actual > cost) {
      if (store === null) limit.limiter.charge?.(ctx.counters, key, actual - cost, ticket);
      else adjust(ctx, store, counted, actual - cost);
    }
  }
}

/** The request is over: places are free again, once. */
export function leave(ctx: LimitContext): void {
  const { counters, state } = ctx;
  for (const counted of state.counted) {
    const { limit, key, cost, ticket, store } = counted;
    if (store === null) limit.limiter.leave?.(counters, key, cost, ticket);
    else if (limit.limiter.leave !== undefined) adjust(ctx, store, counted, -cost);
  }
  state.counted = [];
  state.isOver = true;
}

/** Nobody waits for it. What is lost with the store comes back by itself, as does what a lost machine held. */
function adjust(ctx: LimitContext, store: SharedStore, { limit, key, ticket }: Counted, by: number): void {
  ctx.waitUntil(store.adjust([{ key, by, ticket, ...limit.rule }]).catch(() => {}));
}
