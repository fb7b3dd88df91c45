import type { Context, PluginRequest } from "sluice/sdk";
import { costIn } from "./cost.ts";
import { standingItem } from "./fields.ts";
import type { Limit, Rules } from "./limits.ts";
import { refusal } from "./refusal.ts";

/** A limit that has counted the request. */
interface Counted {
  readonly limit: Limit;
  readonly key: string;
  readonly cost: number;
  readonly ticket: number;
}

/** What the policy keeps of a request. */
export interface Admission {
  counted: Counted[];
  /** Value of RateLimit; empty: no limit was asked. */
  standings: string;
}

export type LimitContext = Context<unknown, Admission>;

/**
 * Asks all limits. The request is counted by all of them or, if one refuses it, by none.
 *
 * @param ownCost null: what the config says
 * @returns the refusal, or undefined
 */
export function admit(
  { limits, policy, fields }: Rules,
  request: PluginRequest,
  ctx: LimitContext,
  ownCost: number | null,
): Response | undefined {
  const { counters, state } = ctx;
  for (const limit of limits) {
    const own = limit.keyOf(request, ctx);
    if (own === null) continue;
    const key = limit.prefix + own;
    const cost = limit.hasOwnCost ? (ownCost ?? limit.cost) : limit.cost;
    const entered = limit.limiter.enter(counters, key, cost);
    const { allowed, wait, ticket } = entered;
    if (fields !== "never") {
      const item = standingItem(limit.name, entered);
      state.standings += state.standings === "" ? item : `, ${item}`;
    }
    if (allowed) {
      state.counted.push({ limit, key, cost, ticket });
    } else if (limit.dryRun) {
      ctx.metrics.counter(limit.metrics.wouldRefuse);
      ctx.log.info(`limit ${limit.name} would refuse this`, { limit: limit.name, wait });
    } else {
      ctx.metrics.counter(limit.metrics.refused);
      takeBack(ctx);
      return refusal(limit.name, wait, fields === "never" ? null : { policy, standings: state.standings });
    }
  }
}

function takeBack({ counters, state }: LimitContext): void {
  for (const { limit, key, cost, ticket } of state.counted) limit.limiter.undo(counters, key, cost, ticket);
  state.counted = [];
}

/** Counts what the service says that the request did cost beyond what was counted. */
export function charge(ctx: LimitContext, headers: { get(name: string): string | null }): void {
  for (const { limit, key, cost, ticket } of ctx.state.counted) {
    if (limit.costHeader === null) continue;
    const field = headers.get(limit.costHeader);
    const actual = costIn(field, limit.mostCost);
    if (actual === null) {
      if (field !== null) ctx.metrics.counter(limit.metrics.badCost);
    } else if (actual > cost) {
      limit.limiter.charge?.(ctx.counters, key, actual - cost, ticket);
    }
  }
}

/** The request is over: places are free again, once. */
export function leave({ counters, state }: LimitContext): void {
  for (const { limit, key, cost, ticket } of state.counted)
    limit.limiter.leave?.(counters, key, cost, ticket);
  state.counted = [];
}
