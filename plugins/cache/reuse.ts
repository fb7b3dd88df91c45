import {
  noRequestDirectives,
  type RequestDirectives,
  requestDirectives,
} from "./directives/request-directives.ts";
import type { RequestHead } from "./fields.ts";
import { currentAge } from "./freshness.ts";
import type { CacheRules } from "./rules.ts";
import type { StoredResponse } from "./stored-response.ts";

/** What to do with a request that was looked up. */
export type LookupPlan =
  | Reuse
  /** Nothing is stored for it: the origin answers. */
  | { readonly kind: "fetch" }
  /** It wants a stored response or none, and there is none that may answer it: 504. */
  | { readonly kind: "refuse" };

/** What a stored response may do for a request. */
export type Reuse =
  /** It is the answer. `refresh`: and is stale, so that it is to be validated while it is sent. */
  | { readonly kind: "answer"; readonly refresh: boolean }
  /** It has to be validated first. */
  | { readonly kind: "validate"; readonly because: "stale" | "request"; readonly fallback: Fallback };

/** Whether the stored response may be the answer after all when its validation fails (RFC 9111 section 4.3.3). */
export interface Fallback {
  /** The origin answers 500, 502, 503 or 504 (RFC 5861 section 4). */
  readonly onError: boolean;
  /** The origin does not answer (RFC 9111 section 4.2.4). */
  readonly onSilence: boolean;
}

/**
 * What becomes of a request whose key was looked up (RFC 9111 section 4).
 *
 * @param stored what is stored for its key and Vary fields; null: nothing
 * @param now ms since the epoch
 *
 * @example
 * const plan = planLookup(stored, request, Date.now(), rules);
 * if (plan.kind === "refuse") return new Response(null, { status: 504 });
 */
export function planLookup(
  stored: StoredResponse | null,
  request: RequestHead,
  now: number,
  rules: CacheRules,
): LookupPlan {
  const wishes = wishesOf(request, rules);
  const plan: LookupPlan = stored ? reuseOf(stored, wishes, now, rules) : { kind: "fetch" };
  // Section 5.2.1.7.
  return wishes.onlyIfCached && plan.kind !== "answer" ? { kind: "refuse" } : plan;
}

/**
 * Whether a response that has just come may answer others that came with its request: without being validated for each.
 *
 * @param now ms since the epoch
 */
export function isForAll(stored: StoredResponse, now: number, rules: CacheRules): boolean {
  return reuseOf(stored, noRequestDirectives, now, rules).kind === "answer";
}

function reuseOf(stored: StoredResponse, wishes: RequestDirectives, now: number, rules: CacheRules): Reuse {
  const age = currentAge(stored, now);
  const staleFor = age - stored.lifetime;
  const fallback = fallbackOf(stored, wishes, staleFor, rules);

  // Sections 5.2.1.4 and 5.2.2.4.
  if (wishes.noCache) return { kind: "validate", because: "request", fallback };
  if (stored.staleUse.noCache) return { kind: "validate", because: "stale", fallback };
  // Sections 5.2.1.1 and 5.2.1.3.
  if (wishes.maxAge !== null && age > wishes.maxAge * 1000)
    return { kind: "validate", because: "request", fallback };
  if (wishes.minFresh !== null && -staleFor < wishes.minFresh * 1000)
    return { kind: "validate", because: "request", fallback };

  // Section 4.2: fresh while the lifetime exceeds the age.
  if (staleFor < 0) return { kind: "answer", refresh: false };
  if (isRefreshedMeanwhile(stored, staleFor, rules)) return { kind: "answer", refresh: true };
  // Section 5.2.1.2.
  const isPutUpWith = wishes.maxStale !== null && staleFor <= wishes.maxStale * 1000;
  if (isPutUpWith && stored.staleUse.forbidden === "no") return { kind: "answer", refresh: false };
  return { kind: "validate", because: "stale", fallback };
}

/** What of a client's Cache-Control counts. */
export function wishesOf(request: Pick<RequestHead, "headers">, rules: CacheRules): RequestDirectives {
  return rules.honourClients ? requestDirectives(request.headers.get("cache-control")) : noRequestDirectives;
}

/** RFC 5861 section 3. */
function isRefreshedMeanwhile({ staleUse }: StoredResponse, staleFor: number, rules: CacheRules): boolean {
  if (staleUse.forbidden === "never") return false;
  if (staleUse.whileRevalidate !== null) return isWithin(staleUse.whileRevalidate, staleFor);
  return staleUse.forbidden === "no" && isWithin(rules.staleWhileRevalidate, staleFor);
}

/** Section 4.2.4: not where a directive of the response forbids it, whatever was agreed beside it. */
function fallbackOf(
  { staleUse }: StoredResponse,
  wishes: RequestDirectives,
  staleFor: number,
  rules: CacheRules,
): Fallback {
  if (staleUse.noCache || staleUse.forbidden === "never") return { onError: false, onSilence: false };
  const said = isWithin(staleUse.ifError ?? 0, staleFor);
  if (staleUse.forbidden === "stated") return { onError: said, onSilence: said };
  const asked = isWithin((wishes.staleIfError ?? 0) * 1000, staleFor);
  // What the origin said goes before what the operator says for all.
  const onError = asked || (staleUse.ifError === null ? isWithin(rules.staleIfError, staleFor) : said);
  return { onError, onSilence: onError || isWithin(rules.staleIfUnreachable, staleFor) };
}

/** A window of nothing is none, not even for the moment at which a lifetime ends. */
function isWithin(window: number, staleFor: number): boolean {
  return window > 0 && staleFor <= window;
}

/** Statuses that count as an error of the origin (RFC 5861 section 4). */
export function isOriginError(status: number): boolean {
  return status === 500 || status === 502 || status === 503 || status === 504;
}
