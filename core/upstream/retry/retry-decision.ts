/** Whether an attempt that failed is made again. */
import type { RetryConfig, RetryOn } from "../../config/traffic-model.ts";
import type { ErrorCode, ProxyError } from "../../errors.ts";

/**
 * Longest Retry-After that is waited for, in ms. With a longer one the client gets the response, and may wait
 * itself: it holds no connection meanwhile.
 */
export const longestRetryAfter = 2_000;

/** How an attempt failed. */
export type AttemptFailure =
  /** There was no response. */
  | { readonly error: Pick<ProxyError, "code" | "source" | "retry"> }
  /** There was one, with this status. */
  | {
      readonly error: null;
      readonly status: number;
      /** ms that its Retry-After asks for (`parseRetryAfter`); null: there is none. */
      readonly retryAfter: number | null;
    };

/** What is known of the request. */
export interface RetryFacts {
  /** As it goes upstream. */
  readonly method: string;
  /** Whether the client sent Idempotency-Key: the service tells a second one from a new one. */
  readonly hasIdempotencyKey: boolean;
  /** Whether all of its body that was read is still here. */
  readonly canReplay: boolean;
  /** Whether the client got any byte of a response, interim ones included. */
  readonly responseBegan: boolean;
  /** Whether the retry can go to an endpoint that this request was not sent to. */
  readonly hasOtherEndpoint: boolean;
}

/** Why, or why not: for the access log, and for who asks why a request was not sent again. */
export type RetryReason =
  /** Doing it twice is doing it once. */
  | "idempotent"
  /** The client sent Idempotency-Key. */
  | "idempotency-key"
  /** The request never arrived. */
  | "not-sent"
  /** The route allows it for any method. */
  | "any-method"
  | "attempts-used"
  | "response-began"
  | "not-upstream"
  | "not-configured"
  | "body-gone"
  | "not-idempotent"
  | "retry-after-too-long";

export interface RetryDecision {
  readonly retry: boolean;
  readonly why: RetryReason;
  /** ms that the endpoint asked to wait, before any pause of the proxy's own (`backoff`). */
  readonly wait: number;
}

/** RFC 9110 section 9.2.2. Methods of other registrations may be idempotent too; nobody vouches for them here. */
export const idempotentMethods: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "PUT",
  "DELETE",
]);

type ErrorKind = Extract<RetryOn, "connect" | "reset" | "timeout">;

/** Of errors after which the request may have arrived; those before are told by their `retry`. */
const kinds: Partial<Record<ErrorCode, ErrorKind>> = {
  name_unresolved: "connect",
  connect_refused: "connect",
  connect_failed: "connect",
  connect_timeout: "connect",
  tls_failed: "connect",
  tls_certificate: "connect",
  pending_overflow: "connect",
  pending_timeout: "connect",
  upstream_closed: "reset",
  response_head_timeout: "timeout",
};

/**
 * Decides by the request, the failure and the route alone. Whether the cluster has the means for it (`RetryBudget`)
 * and the request has the time (`leavesTime`) is asked afterwards, and only after a yes: a budget counts.
 *
 * RFC 9110 section 9.2.2: what is not idempotent must not be sent again automatically, unless it is known to be so
 * all the same, or never to have been applied. A status, 503 and 429 included, tells nothing of that.
 *
 * @param attempt number of the one that failed, from 1
 *
 * @example
 * decideRetry({ error: null, status: 503, retryAfter: null }, 1, config, { method: "GET", ...facts });
 * // { retry: true, why: "idempotent", wait: 0 }
 */
export function decideRetry(
  failure: AttemptFailure,
  attempt: number,
  config: RetryConfig,
  facts: RetryFacts,
): RetryDecision {
  if (facts.responseBegan) return no["response-began"];
  if (failure.error !== null && failure.error.source !== "upstream") return no["not-upstream"];
  if (!isRetried(failure, config.on)) return no["not-configured"];
  if (attempt > config.attempts) return no["attempts-used"];
  if (!facts.canReplay) return no["body-gone"];
  const why = reasonToRepeat(failure, config, facts);
  if (why === null) return no["not-idempotent"];
  const wait = waitFor(failure, facts);
  if (wait > longestRetryAfter) return no["retry-after-too-long"];
  return wait === 0 ? yes[why] : { retry: true, why, wait };
}

/**
 * Whether a request may be sent a second time while the first attempt is still under way: by the same rules as one
 * that failed, but for what failed, for nothing has.
 *
 * @param attempt number of the one under way, from 1
 *
 * @example
 * mayHedge(1, config, { method: "GET", ...facts }); // true
 */
export function mayHedge(attempt: number, config: RetryConfig, facts: RetryFacts): boolean {
  if (facts.responseBegan || attempt > config.attempts || !facts.canReplay) return false;
  return facts.hasOtherEndpoint && mayRepeat(config, facts);
}

/**
 * Whether a request that was sent, and may have been acted upon, may be sent again at all: RFC 9110 section 9.2.2.
 *
 * @example
 * mayRepeat(config, { method: "POST", hasIdempotencyKey: true }); // true
 */
export function mayRepeat(
  config: RetryConfig,
  facts: Pick<RetryFacts, "method" | "hasIdempotencyKey">,
): boolean {
  return permissionOf(config, facts) !== null;
}

/**
 * @example
 * statusMatches(["gateway-error", 429], 503); // true
 */
export function statusMatches(on: readonly RetryOn[], status: number): boolean {
  for (const one of on) {
    if (one === status) return true;
    if (one === "5xx" && status >= 500 && status <= 599) return true;
    if (one === "gateway-error" && status >= 502 && status <= 504) return true;
    if (one === "429" && status === 429) return true;
  }
  return false;
}

function isRetried(failure: AttemptFailure, on: readonly RetryOn[]): boolean {
  if (failure.error === null) return statusMatches(on, failure.status);
  const { retry, code } = failure.error;
  // RFC 9112 section 9.3.1: an idle connection may be closed at any time. No endpoint failed; nobody configures it.
  if (retry === "reused-connection") return true;
  const kind = retry === "safe" ? "connect" : kinds[code];
  return kind !== undefined && on.includes(kind);
}

type Permission = Extract<RetryReason, "idempotent" | "idempotency-key" | "not-sent" | "any-method">;
type Refusal = Exclude<RetryReason, Permission>;

function reasonToRepeat(failure: AttemptFailure, config: RetryConfig, facts: RetryFacts): Permission | null {
  // No connection, none that became free, or a stream that was refused before anything was done with it.
  if (failure.error?.retry === "safe") return "not-sent";
  return permissionOf(config, facts);
}

function permissionOf(
  config: RetryConfig,
  facts: Pick<RetryFacts, "method" | "hasIdempotencyKey">,
): Permission | null {
  if (idempotentMethods.has(facts.method)) return "idempotent";
  if (facts.hasIdempotencyKey) return "idempotency-key";
  return config.anyMethod ? "any-method" : null;
}

/**
 * RFC 9110 section 10.2.3 for 503, RFC 6585 section 4 for 429. A 503 speaks of the endpoint that is down: another
 * one need not wait. A 429 speaks of the client, whichever endpoint says it.
 */
function waitFor(failure: AttemptFailure, facts: RetryFacts): number {
  if (failure.error !== null || failure.retryAfter === null) return 0;
  if (failure.status === 429) return failure.retryAfter;
  return failure.status === 503 && !facts.hasOtherEndpoint ? failure.retryAfter : 0;
}

const yes = decisions<Permission>(true, ["idempotent", "idempotency-key", "not-sent", "any-method"]);
const no = decisions<Refusal>(false, [
  "attempts-used",
  "response-began",
  "not-upstream",
  "not-configured",
  "body-gone",
  "not-idempotent",
  "retry-after-too-long",
]);

function decisions<Why extends RetryReason>(retry: boolean, reasons: readonly Why[]) {
  const made = {} as Record<Why, RetryDecision>;
  for (const why of reasons) made[why] = Object.freeze({ retry, why, wait: 0 });
  return made;
}
