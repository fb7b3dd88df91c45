/** What another attempt of an exchange needs: the permission of the rule, time, and the cluster's budget. */
import type { ProxyError } from "../../errors.ts";
import { backoff } from "../../upstream/retry/backoff.ts";
import { leavesTime } from "../../upstream/retry/deadline.ts";
import { hedgeAfter } from "../../upstream/retry/hedge.ts";
import type { LatencyWindow } from "../../upstream/retry/latency-window.ts";
import {
  type AttemptFailure,
  decideRetry,
  idempotentMethods,
  mayHedge,
  mayRepeat,
  type RetryFacts,
} from "../../upstream/retry/retry-decision.ts";
import type { Exchange } from "../exchange.ts";
import type { Attempt } from "./attempt.ts";

/** ms until an attempt is made in the place of one that failed; null: none is. The budget counts it. */
export function pauseBeforeRetry(
  exchange: Exchange,
  failed: Attempt,
  failure: AttemptFailure,
): number | null {
  const { attempts } = exchange;
  const { retry } = exchange.route!.config;
  if (retry === null) return null;
  const decision = decideRetry(failure, attempts.count, retry, factsOf(exchange, failed));
  if (!decision.retry) return null;
  const pause = backoff(retry.backoff, attempts.count, decision.wait);
  return leavesTime(attempts.deadline, pause, performance.now()) && isWithinBudget(exchange, failed)
    ? pause
    : null;
}

/**
 * Whether an attempt is made beside one that takes long. The budget counts it.
 *
 * @param because it takes longer than most, or the endpoint has answered nobody for a while
 */
export function mayRunBeside(exchange: Exchange, first: Attempt, because: "slow" | "silent"): boolean {
  const { attempts, requestBody } = exchange;
  const { retry } = exchange.route!.config;
  // What is still on its way, or becomes a tunnel, can go to one endpoint only.
  if (retry === null || !requestBody.complete || exchange.upgrade !== null) return false;
  if (because === "silent" && !retry.on.includes("timeout")) return false;
  if (!mayHedge(attempts.count, retry, factsOf(exchange, first))) return false;
  return leavesTime(attempts.deadline, 0, performance.now()) && isWithinBudget(exchange, first);
}

/** ms after which another attempt is to run beside one; null: none is. */
export function hedgeTime({ route }: Exchange, latencies: LatencyWindow): number | null {
  const hedge = route!.config.retry?.hedge ?? null;
  if (hedge === null) return null;
  const after = hedgeAfter(hedge, latencies);
  return after === Number.POSITIVE_INFINITY ? null : after;
}

/**
 * RFC 9110 section 9.2.2: a request that may have been lost with a dying idle connection
 * is sent once more, if doing it twice is doing it once and its body is still here.
 */
export function mayBeLost(exchange: Exchange, { method }: Attempt, error: ProxyError): boolean {
  return (
    error.retry === "reused-connection" &&
    exchange.attempts.count === 1 &&
    !exchange.hasAnswered &&
    idempotentMethods.has(method) &&
    exchange.requestBody.canReplay
  );
}

/**
 * Bytes of a body that are kept for another attempt when they are sent; null: what is whole by then. Of a request
 * that may not be sent again once it was sent, nothing is.
 */
export function bytesToKeep(exchange: Exchange, method: string): number | null {
  const { retry } = exchange.route!.config;
  if (idempotentMethods.has(method)) return retry === null ? null : retry.replay;
  if (retry === null) return 0;
  const hasIdempotencyKey = exchange.head.get("idempotency-key") !== null;
  return mayRepeat(retry, { method, hasIdempotencyKey }) ? retry.replay : 0;
}

function factsOf(exchange: Exchange, { method, endpoint, cluster }: Attempt): RetryFacts {
  const { tried } = exchange.attempts;
  const others = tried === null ? 1 : tried.has(endpoint) ? tried.size : tried.size + 1;
  return {
    method,
    hasIdempotencyKey: exchange.head.get("idempotency-key") !== null,
    canReplay: exchange.requestBody.canReplay,
    responseBegan: exchange.hasAnswered,
    hasOtherEndpoint: others < cluster.endpoints.length,
  };
}

/** Whether there may be one more, by what the cluster may have in flight and by its budget. */
function isWithinBudget(exchange: Exchange, { cluster, endpoint }: Attempt): boolean {
  const { admission, budget } = cluster;
  const { reactor, metricsSlot } = endpoint;
  const { attempts } = exchange;
  // It is one of them until the exchange is over.
  const counts = admission !== null && !attempts.isRetried;
  if (counts && !admission.tryRetry()) {
    reactor.metrics.clusters.retryOverMost(metricsSlot);
    return false;
  }
  if (!budget.tryRetry()) {
    if (counts) admission.endRetry();
    reactor.metrics.clusters.retryOverBudget(metricsSlot);
    return false;
  }
  if (counts) attempts.onRetried(admission);
  reactor.metrics.clusters.retry(metricsSlot);
  return true;
}
