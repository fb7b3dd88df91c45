import type { RouteMatch } from "../config/route-model.ts";
import { type Conditions, hold, type ValueReader } from "./conditions.ts";

/** A route at the place in the table where its host and path lead. */
export interface Candidate {
  /** Place in the order of precedence over all routes; 0 is the most specific. */
  readonly rank: number;
  readonly methods: RouteMatch["methods"];
  /** Null: none. */
  readonly conditions: Conditions | null;
}

/**
 * The best rank among the candidates that take the request, or `best` when none of them is better.
 *
 * @param candidates in ascending order of rank
 */
export function bestRank(
  candidates: readonly Candidate[],
  method: string,
  values: ValueReader,
  best: number,
): number {
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i]!;
    if (candidate.rank >= best) return best;
    if (takes(candidate, method, values)) return candidate.rank;
  }
  return best;
}

function takes({ methods, conditions }: Candidate, method: string, values: ValueReader): boolean {
  if (methods !== null && !methods.includes(method)) return false;
  return conditions === null || hold(conditions, values);
}
