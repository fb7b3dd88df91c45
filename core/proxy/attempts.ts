/**
 * The attempts of one exchange: which endpoint is asked, for how long, and what follows when it fails.
 *
 *     cluster -> endpoint -> connection -> request --- response head --> the exchange
 *        ^                                    |
 *        +----- pause <- decision, budget <---+ failure, or a status that is tried again
 */
import { ProxyError, toProxyError } from "../errors.ts";
import { Timer } from "../net/timers.ts";
import type { Cluster } from "../upstream/cluster.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { Admission } from "../upstream/overload/admission.ts";
import type { Place } from "../upstream/overload/place.ts";
import type { Waiter } from "../upstream/pool.ts";
import { backoff } from "../upstream/retry/backoff.ts";
import { deadlineOf, leavesTime, noDeadline, timeFor } from "../upstream/retry/deadline.ts";
import { parseRetryAfter } from "../upstream/retry/retry-after.ts";
import {
  type AttemptFailure,
  decideRetry,
  idempotentMethods,
  statusMatches,
} from "../upstream/retry/retry-decision.ts";
import type { ResponseHead } from "../wire/response-head.ts";
import { clusterFor, splitLine } from "./cluster-choice.ts";
import { chooseEndpoint, stickyLine } from "./endpoint-choice.ts";
import type { Exchange } from "./exchange.ts";

export class Attempts implements Waiter {
  /** Made so far, with the one at hand. */
  count = 0;
  endpoint: Endpoint | null = null;
  /** Of the attempt at hand. */
  cluster: Cluster | null = null;
  /** Endpoints that were asked in vain; null: none. */
  tried: Set<Endpoint> | null = null;
  /** From the request to the response head, of the last attempt. */
  upstreamMs: number | null = null;
  private readonly exchange: Exchange;
  private sentAt = 0;
  /** When the time for all of them is over, as `performance.now()` tells it. */
  private deadline = noDeadline;
  private deadlineTimer: Timer | null = null;
  private pause: NodeJS.Timeout | null = null;
  /** What comes after the pause, when that is not the next attempt. */
  private postponed: (() => void) | null = null;
  /** Whether the attempt at hand is made again, on a new connection to the same endpoint. */
  private repeats = false;
  /** What the attempt at hand takes up; null: its cluster does not count. */
  private place: Place | null = null;
  /** Where this request is counted as one that is sent again. */
  private retriedAt: Admission | null = null;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** @param timeout ms for all attempts, from the begin of the exchange */
  limit(timeout: number): void {
    const { exchange } = this;
    this.deadline = deadlineOf(exchange.startedAt, timeout, null);
    this.deadlineTimer = new Timer(() => {
      if (exchange.status !== 0) return;
      const message = `No response in ${timeout} ms`;
      exchange.fail(new ProxyError("deadline_exceeded", message, { source: "upstream" }));
    });
    exchange.client.reactor.timers.arm(this.deadlineTimer, timeout);
  }

  // --- one attempt

  /**
   * Begins an attempt.
   *
   * @param name of the endpoint that a policy chose; null: the balancer chooses
   * @throws ProxyError when there is no endpoint
   */
  begin(cluster: Cluster, name: string | null): void {
    if (this.repeats) {
      this.repeats = false;
      this.endpoint!.pool.acquireNew(this);
      return;
    }
    if (this.endpoint !== null) this.endpoint.inFlight--;
    this.endpoint = null;
    this.enter(cluster);
    if (this.tried === null) cluster.budget.onRequest();
    this.cluster = cluster;
    this.endpoint = name === null ? chooseEndpoint(this.exchange, cluster) : cluster.endpointNamed(name);
    this.endpoint.inFlight++;
    this.endpoint.pool.acquire(this);
  }

  /** @throws ProxyError when the cluster has as much to do as it may have */
  private enter(cluster: Cluster): void {
    this.leave();
    if (cluster.admission === null) return;
    const { priority, requestBody } = this.exchange;
    this.place = cluster.admission.enter(priority, requestBody.received);
  }

  private leave(): void {
    this.place?.leave();
    this.place = null;
  }

  /** The client has sent all of the request. */
  onRequestEnd(): void {
    this.place?.onWhole();
  }

  onConnection(connection: UpstreamConnection): void {
    this.count++;
    this.sentAt = performance.now();
    this.exchange.sendTo(connection, this.timeToHead());
  }

  /** ms until the response head; 0: as the cluster says. */
  private timeToHead(): number {
    const { retry } = this.exchange.route!.config;
    if (retry === null || retry.perTry === 0) return 0;
    return Math.max(1, Math.ceil(timeFor(this.deadline, retry.perTry, this.sentAt)));
  }

  onNoConnection(error: ProxyError): void {
    this.count++;
    this.sentAt = performance.now();
    this.failed(error);
  }

  /** Returns whether the client gets this response: if not, another attempt is on its way. */
  onHead(head: ResponseHead): boolean {
    const endpoint = this.endpoint!;
    const now = performance.now();
    this.upstreamMs = now - this.sentAt;
    this.place?.answered();
    endpoint.reactor.metrics.upstreamAttempt(endpoint.metricsSlot, null);
    endpoint.onHead(now, this.upstreamMs);
    this.cluster!.onResult(endpoint, head.status < 500, this.upstreamMs);
    return head.status < 429 || !this.retriesStatus(head);
  }

  /** The endpoint switched protocols. */
  onSwitched(): void {
    this.upstreamMs = performance.now() - this.sentAt;
    this.place?.answered();
    this.endpoint!.reactor.metrics.upstreamAttempt(this.endpoint!.metricsSlot, null);
  }

  /** No response, or no whole one. */
  onFailed(error: ProxyError): void {
    if (!this.mayRepeat(error)) {
      this.failed(error);
      return;
    }
    this.countFailure(error);
    this.repeats = true;
    this.next();
  }

  /** The endpoint is silent towards everybody: whoever may goes elsewhere. Returns whether this one does. */
  onStalled(): boolean {
    const endpoint = this.endpoint!;
    this.cluster!.onResult(endpoint, false, performance.now() - this.sentAt);
    const error = new ProxyError("response_head_timeout", `${endpoint.name} is silent`, {
      source: "upstream",
    });
    if (this.exchange.hasAnswered || !this.arrangeNext({ error })) return false;
    this.countFailure(error);
    return true;
  }

  // --- the next one

  private failed(error: ProxyError): void {
    const { exchange } = this;
    this.countFailure(error);
    if (!exchange.hasAnswered) {
      if (error.source === "upstream")
        this.cluster!.onResult(this.endpoint!, false, performance.now() - this.sentAt);
      if (this.arrangeNext({ error })) return;
    }
    exchange.fail(error);
  }

  private countFailure(error: ProxyError): void {
    this.endpoint!.reactor.metrics.upstreamAttempt(this.endpoint!.metricsSlot, error.code);
  }

  private retriesStatus(head: ResponseHead): boolean {
    const { status } = head;
    const { retry } = this.exchange.route!.config;
    if (retry === null || !statusMatches(retry.on, status)) return false;
    const text = head.get("retry-after");
    const retryAfter = text === null ? null : parseRetryAfter(text, Date.now());
    return this.arrangeNext({ error: null, status, retryAfter });
  }

  /**
   * RFC 9110 section 9.2.2: a request that may have been lost with a dying idle connection
   * is sent once more, if doing it twice is doing it once and its body is still here.
   */
  private mayRepeat(error: ProxyError): boolean {
    const { exchange } = this;
    return (
      error.retry === "reused-connection" &&
      this.count === 1 &&
      !exchange.hasAnswered &&
      idempotentMethods.has(exchange.method) &&
      exchange.requestBody.canReplay
    );
  }

  /** Arranges for another attempt, elsewhere and a little later. Returns false when there is to be none. */
  private arrangeNext(failure: AttemptFailure): boolean {
    const { exchange, cluster, endpoint } = this;
    const { retry } = exchange.route!.config;
    if (retry === null) return false;
    this.tried ??= new Set();
    this.tried.add(endpoint!);
    const decision = decideRetry(failure, this.count, retry, {
      method: exchange.method,
      hasIdempotencyKey: exchange.head.get("idempotency-key") !== null,
      canReplay: exchange.requestBody.canReplay,
      responseBegan: exchange.hasAnswered,
      hasOtherEndpoint: this.tried.size < cluster!.endpoints.length,
    });
    if (!decision.retry) return false;
    const pause = backoff(retry.backoff, this.count, decision.wait);
    if (!leavesTime(this.deadline, pause, performance.now()) || !this.isWithinBudget()) return false;
    this.leave();
    this.pause = setTimeout(() => this.next(), pause);
    return true;
  }

  private isWithinBudget(): boolean {
    const { reactor, metricsSlot } = this.endpoint!;
    const isFirst = this.retriedAt === null;
    if (!this.isWithinMost()) {
      reactor.metrics.upstreamRetryOverMost(metricsSlot);
      return false;
    }
    const isWithin = this.cluster!.budget.tryRetry();
    if (isWithin) reactor.metrics.upstreamRetry(metricsSlot);
    else reactor.metrics.upstreamRetryOverBudget(metricsSlot);
    if (!isWithin && isFirst) this.endRetry();
    return isWithin;
  }

  /** Nothing is sent until then; whoever gives up the exchange gives up this, too. */
  putOff(ms: number, then: () => void): void {
    this.postponed = then;
    this.pause = setTimeout(() => this.hurry(), ms);
  }

  /** What was put off is done now, if there is any. */
  hurry(): void {
    const { postponed } = this;
    if (postponed === null) return;
    this.cancel();
    postponed();
  }

  /** Whether the request may be one more of those that are sent again; it is one until the exchange is over. */
  private isWithinMost(): boolean {
    const { admission } = this.cluster!;
    if (admission === null || this.retriedAt !== null) return true;
    if (!admission.tryRetry()) return false;
    this.retriedAt = admission;
    return true;
  }

  private endRetry(): void {
    this.retriedAt?.endRetry();
    this.retriedAt = null;
  }

  /** Begins an attempt, by way of the policies that see it. */
  next(): void {
    const { exchange } = this;
    this.pause = null;
    try {
      if (exchange.policies === null) this.begin(clusterFor(exchange), null);
      else exchange.policies.onUpstream();
    } catch (error) {
      exchange.fail(toProxyError(error, "try again"));
    }
  }

  // --- end

  /** Nobody waits for a connection, or for the next attempt, any more. */
  cancel(): void {
    if (this.pause !== null) clearTimeout(this.pause);
    this.pause = null;
    this.postponed = null;
    this.endpoint?.pool.cancel(this);
  }

  /** The exchange is over. */
  end(): void {
    this.leave();
    this.endRetry();
    if (this.endpoint !== null) this.endpoint.inFlight--;
    if (this.deadlineTimer !== null) this.exchange.client.reactor.timers.disarm(this.deadlineTimer);
  }

  /** The lines that lead the client back to the cluster and the endpoint that answer; empty: none do. */
  cookieLines(): string {
    const { exchange, cluster, endpoint } = this;
    const line = exchange.choice === null ? "" : splitLine(exchange);
    if (cluster === null || cluster.sticky === null || endpoint === null) return line;
    return line + stickyLine(exchange, cluster, endpoint);
  }
}
