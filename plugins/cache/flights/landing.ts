/** What a request is to those that wait for it, and what it tells them. */
import { type CacheContext, gateFor } from "../passing.ts";
import type { ResponsePlan } from "../response-plan.ts";
import { isForAll } from "../reuse.ts";
import type { CacheRules } from "../rules.ts";
import type { Landing, Leader } from "./flights.ts";

/** Leads for a request that has yet to be made. */
export const refreshing: Leader = { wanted() {} };

/** A client that leaves takes nothing from those who wait for its answer. */
export function leaderOf(ctx: CacheContext): Leader {
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
export function land({ config, state }: CacheContext, landing: Landing): void {
  const { flight } = state;
  state.flight = null;
  if (flight !== null) gateFor(config).land(flight, state.leader!, landing);
}

export function landingOf(plan: ResponsePlan, status: number, now: number, own: CacheRules): Landing {
  if (plan.kind === "answer" && plan.old === "replace")
    return isForAll(plan.stored, now, own) ? "shared" : "apart";
  if (plan.kind === "answer" && plan.old === "leave") return "stood-in";
  return status >= 500 || plan.kind === "ask-again" ? "failed" : "apart";
}
