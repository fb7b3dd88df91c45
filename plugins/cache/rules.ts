/**
 * The rules of a shared cache are written out here, in pure functions with their RFC's section beside each
 * condition, although packages for it exist (http-cache-semantics above all): those know nothing of targeted
 * fields (RFC 9213), ranges and conditions answered from a stored whole, sets of variants, stale windows of
 * the operator or Cache-Status, and they decide per object what is decided here once, when a response arrives.
 */

import type { FreshnessRules } from "./freshness.ts";
import type { KeyRules } from "./key/cache-key.ts";

/** What an operator decides. Times are in ms, names of fields in lower case. */
export interface CacheRules extends FreshnessRules {
  readonly key: KeyRules;
  /** Fields whose values are tags to purge by. */
  readonly tagFields: readonly string[];
  /** Fields for caches like this one, the most specific first (RFC 9213). */
  readonly targetedFields: readonly string[];
  /** Whether clients' Cache-Control counts: it lets anyone ask the origin at will. */
  readonly honourClients: boolean;
  /** How long beyond its lifetime a response is used while it is refreshed, where the origin did not say. */
  readonly staleWhileRevalidate: number;
  /** The same when the origin answers 500, 502, 503 or 504. */
  readonly staleIfError: number;
  /** The same when the origin does not answer (RFC 9111 section 4.2.4: disconnected). */
  readonly staleIfUnreachable: number;
  readonly setCookie: SetCookieRule;
  /** Bytes of a body, at most. */
  readonly maximumBody: number;
}

/**
 * What becomes of responses with Set-Cookie: none is kept; or those that are said to be for all (`public`, `s-maxage`)
 * and without it; or they are like any other, as RFC 9111 has it.
 */
export type SetCookieRule = "never" | "strip" | "share";

/** What RFC 9111 asks for and no more, but that an origin that is gone is stood in for. */
export const defaultRules: CacheRules = {
  key: { fields: [], cookies: [], ignoredQuery: [], sortQuery: false },
  tagFields: ["cache-tag", "surrogate-key"],
  targetedFields: ["cdn-cache-control"],
  lifetimes: {},
  heuristicFraction: 0.1,
  heuristicMaximum: 24 * 60 * 60 * 1000,
  honourClients: true,
  staleWhileRevalidate: 0,
  staleIfError: 0,
  staleIfUnreachable: 60 * 60 * 1000,
  setCookie: "share",
  maximumBody: 8 * 1024 * 1024,
};
