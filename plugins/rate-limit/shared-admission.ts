import type { PluginRequest, SharedStore, TakenTogether } from "sluice/sdk";
import { type Asked, admit, askOf, type LimitContext, leave, note } from "./admission.ts";
import type { Rules } from "./limits.ts";
import { storeLost } from "./refusal.ts";

/** Where several machines count together. */
export interface Shared {
  readonly store: SharedStore;
  /** What becomes of requests while it cannot be reached. */
  readonly onLoss: "local" | "allow" | "deny";
}

/** The store is gone, or more waits for it than may. */
const losses = ["NetworkError", "QuotaExceededError"];

/**
 * Asks all limits in a store, in one round trip. The request is counted by all of them or, if one refuses it, by none.
 *
 * @param ownCost null: what the config says
 * @returns the refusal, or undefined
 */
export async function admitShared(
  { store, onLoss }: Shared,
  rules: Rules,
  request: PluginRequest,
  ctx: LimitContext,
  ownCost: number | null,
): Promise<Response | undefined> {
  const asked = rules.limits
    .map((limit) => askOf(limit, request, ctx, ownCost))
    .filter((ask) => ask !== null);
  const { state } = ctx;
  let taken: TakenTogether;
  try {
    taken = await store.take(asked.map(demandOf));
  } catch (error) {
    if (!losses.includes((error as Error).name)) throw error;
    ctx.metrics.counter("store_lost");
    if (state.isOver || onLoss === "allow") return;
    return onLoss === "deny" ? storeLost() : admit(rules, request, ctx, ownCost);
  }
  for (const [index, standing] of taken.standings.entries()) {
    const refused = note(rules, ctx, asked[index]!, standing, store);
    if (refused === undefined) continue;
    // The store has counted none of them.
    state.counted = [];
    return refused;
  }
  // The client went away while the store was asked.
  if (state.isOver) leave(ctx);
}

function demandOf({ limit, key, cost }: Asked) {
  return { key, cost, optional: limit.dryRun, ...limit.rule };
}
