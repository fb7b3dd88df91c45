import { type ExchangeTimes, initialAge } from "./age.ts";
import type { Governing } from "./directives/targeted-directives.ts";
import type { FieldReader } from "./fields.ts";
import { parseHttpDate } from "./http-date.ts";

/** How long responses are fresh that do not say it themselves. */
export interface FreshnessRules {
  /** By status, in ms: for errors that are worth remembering (negative caching), and others. */
  readonly lifetimes: Readonly<Record<number, number>>;
  /** Share of the time since Last-Modified; 0: no guessing. */
  readonly heuristicFraction: number;
  /** The most that a guess may come to, in ms. */
  readonly heuristicMaximum: number;
}

/** Where a lifetime comes from: what the origin said, what the operator said, a guess, or nowhere. */
export type LifetimeSource = "explicit" | "configured" | "heuristic" | "none";

export interface Lifetime {
  /** In ms, counted from when the origin made the response. */
  readonly duration: number;
  readonly source: LifetimeSource;
}

/** RFC 9110 section 15.1, without 206, which is never kept. */
const heuristicallyCacheable = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]);

/**
 * For how long a response is fresh (RFC 9111 section 4.2.1), with the first of these that it has:
 * s-maxage, max-age, Expires, the operator's word for its status, a guess from Last-Modified.
 *
 * @param responded ms since the epoch when the response arrived: the clock where Date is absent or invalid
 */
export function lifetimeOf(
  status: number,
  fields: FieldReader,
  governing: Governing,
  responded: number,
  rules: FreshnessRules,
): Lifetime {
  const { directives, isTargeted } = governing;
  const seconds = directives.sMaxage ?? directives.maxAge;
  if (seconds !== null) return { duration: seconds * 1000, source: "explicit" };

  const date = parseHttpDate(fields.get("date"), responded) ?? responded;
  const expires = isTargeted ? null : fields.get("expires");
  if (expires !== null) {
    // Section 5.3: what is no date, "0" above all, is a time in the past.
    const end = parseHttpDate(expires, responded) ?? 0;
    return { duration: Math.max(0, end - date), source: "explicit" };
  }

  const configured = rules.lifetimes[status];
  if (configured !== undefined) return { duration: configured, source: "configured" };

  // Section 4.2.2: a guess needs a status that is cacheable by itself, or `public`.
  if (!heuristicallyCacheable.has(status) && !directives.isPublic) return none;
  const modified = parseHttpDate(fields.get("last-modified"), responded);
  if (modified === null || modified >= date || rules.heuristicFraction === 0) return none;
  const guess = (date - modified) * rules.heuristicFraction;
  return { duration: Math.min(guess, rules.heuristicMaximum), source: "heuristic" };
}

const none: Lifetime = { duration: 0, source: "none" };

/** What of a stored response its age follows from. */
export interface Aged {
  /** ms since the epoch. */
  readonly responded: number;
  /** In ms, when it arrived. */
  readonly initialAge: number;
}

/** current_age of RFC 9111 section 4.2.3, in ms. */
export function currentAge(aged: Aged, now: number): number {
  return aged.initialAge + Math.max(0, now - aged.responded);
}

/** How old a response is on arrival. */
export function agedOf(fields: FieldReader, times: ExchangeTimes): Aged {
  return { responded: times.responded, initialAge: initialAge(fields, times) };
}
