import type { RouteMatch } from "../config/model.ts";

/** The fields of a request, by lower-case name. */
export interface FieldReader {
  get(name: string): string | null;
}

/** A route at the place in the table where its host and path lead. */
export interface Candidate {
  /** Place in the order of precedence over all routes; 0 is the most specific. */
  readonly rank: number;
  readonly methods: RouteMatch["methods"];
  readonly headers: RouteMatch["headers"];
}

/**
 * The best rank among the candidates that take the request, or `best` when none of them is better.
 *
 * @param candidates in ascending order of rank
 */
export function bestRank(
  candidates: readonly Candidate[],
  method: string,
  head: FieldReader,
  best: number,
): number {
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i]!;
    if (candidate.rank >= best) return best;
    if (takes(candidate, method, head)) return candidate.rank;
  }
  return best;
}

function takes({ methods, headers }: Candidate, method: string, head: FieldReader): boolean {
  if (methods !== null && !methods.includes(method)) return false;
  for (let i = 0; i < headers.length; i++) {
    const { name, value } = headers[i]!;
    const found = head.get(name);
    if (found === null || (value !== null && found !== value)) return false;
  }
  return true;
}
