/**
 * The attempts of one exchange: which endpoint is asked, for how long, and what follows when it fails.
 *
 *     cluster -> endpoint -> connection -> request --- response head --> the exchange
 *        ^                                    |
 *        +----- pause <- decision, budget <---+ failure, or a status that is tried again
 *        |                                    |
 *        +----- budget <----------------------+ long, or silent: another one runs beside it, the first answer counts
 */
import { performance } from "node:perf_hooks";
import { isConnectFailure, ProxyError, toProxyError } from "../../errors.ts";
import type { Cluster } from "../../upstream/cluster.ts";
import type { UpstreamConnection } from "../../upstream/connection.ts";
import type { Endpoint } from "../../upstream/endpoint.ts";
import type { Admission } from "../../upstream/overload/admission.ts";
import { noDeadline, timeFor } from "../../upstream/retry/deadline.ts";
import type { LatencyWindow } from "../../upstream/retry/latency-window.ts";
import { parseRetryAfter } from "../../upstream/retry/retry-after.ts";
import { type AttemptFailure, statusMatches } from "../../upstream/retry/retry-decision.ts";
import type { ResponseHead } from "../../wire/response-head.ts";
import type { Exchange } from "../exchange.ts";
import type { TimeLimit } from "../request/time-limit.ts";
import { Attempt } from "./attempt.ts";
import { clusterFor, splitLine } from "./cluster-choice.ts";
import { chooseEndpoint, stickyLine } from "./endpoint-choice.ts";
import { hedgeTime, mayBeLost, mayRunBeside, pauseBeforeRetry } from "./second-attempt.ts";

export class Attempts {
  /** Sent so far, with those at hand. */
  count = 0;
  /** That was asked last, or answers. */
  endpoint: Endpoint | null = null;
  /** Of the attempt at hand. */
  cluster: Cluster | null = null;
  /** Endpoints that were asked in vain, or take long; null: none. */
  tried: Set<Endpoint> | null = null;
  /** From the request to the response head, of the last attempt. */
  upstreamMs: number | null = null;
  /** For all of them; null: there is none. */
  timeLimit: TimeLimit | null = null;
  private readonly exchange: Exchange;
  private current: Attempt | null = null;
  /** Runs as well, because the current one takes long. */
  private beside: Attempt | null = null;
  /** Whether the policies are asked about the one that is to run beside. */
  private preparesBeside = false;
  private pause: NodeJS.Timeout | null = null;
  /** What comes after the pause, when that is not the next attempt. */
  private postponed: (() => void) | null = null;
  private hedgeTimer: NodeJS.Timeout | null = null;
  /** Whether the attempt at hand is made again, on a new connection to the same endpoint. */
  private repeats = false;
  /** Where this request is counted as one that is sent again. */
  private retriedAt: Admission | null = null;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** When the time for all of them is over, as `performance.now()` tells it. */
  get deadline(): number {
    return this.timeLimit === null ? noDeadline : this.timeLimit.end;
  }

  // --- one attempt

  /**
   * Begins an attempt.
   *
   * @param name of the endpoint that a policy chose; null: the balancer chooses
   * @throws ProxyError when there is no endpoint
   */
  begin(cluster: Cluster, name: string | null): void {
    const { current } = this;
    this.preparesBeside = false;
    if (this.repeats) {
      this.repeats = false;
      current!.again();
    } else if (current !== null) {
      this.beginBeside(current, cluster, name);
    } else {
      this.endpoint = null;
      const attempt = this.attempt(cluster, this.choose(cluster, name));
      if (this.tried === null) cluster.budget.onRequest();
      this.current = attempt;
      this.cluster = cluster;
      this.endpoint = attempt.endpoint;
      if (cluster.latencies !== null) this.hedgeLater(attempt, cluster.latencies);
      attempt.begin();
    }
  }

  private choose(cluster: Cluster, name: string | null): Endpoint {
    return name === null ? chooseEndpoint(this.exchange, cluster) : cluster.endpointNamed(name);
  }

  /** @throws ProxyError when the cluster has as much to do as it may have */
  private attempt(cluster: Cluster, endpoint: Endpoint): Attempt {
    const { exchange } = this;
    const { priority, requestBody } = exchange;
    const place = cluster.admission?.enter(priority, requestBody.received) ?? null;
    return new Attempt(exchange, cluster, endpoint, place);
  }

  /** The client has sent all of the request. */
  onRequestEnd(): void {
    this.current?.place?.onWhole();
    this.beside?.place?.onWhole();
  }

  onConnection(attempt: Attempt, connection: UpstreamConnection): void {
    this.count++;
    this.exchange.sendTo(attempt, connection, this.timeToHead(attempt));
  }

  /** ms until the response head; 0: as the cluster says. */
  private timeToHead({ sentAt }: Attempt): number {
    const { retry } = this.exchange.route!.config;
    if (retry === null || retry.perTry === 0) return 0;
    return Math.max(1, Math.ceil(timeFor(this.deadline, retry.perTry, sentAt)));
  }

  /** Whether it is the only one, or the one that answers. */
  isCurrent(attempt: Attempt): boolean {
    return this.current === attempt;
  }

  /** Whether none runs beside it, or is to. */
  private get isAlone(): boolean {
    return this.beside === null && !this.preparesBeside;
  }

  /** Number of the attempt that is to begin. */
  get nextNumber(): number {
    return this.count + (this.current?.sentAt === 0 ? 2 : 1);
  }

  /** Whether the attempt that is to begin takes the place of one that failed. */
  get isRetry(): boolean {
    return this.tried !== null && !this.preparesBeside && !this.repeats;
  }

  // --- its answer

  /** Returns whether the client gets this response. */
  onHead(attempt: Attempt, head: ResponseHead): boolean {
    const { cluster, endpoint } = attempt;
    const now = performance.now();
    this.upstreamMs = now - attempt.sentAt;
    attempt.place?.answered();
    attempt.count(null);
    endpoint.onHead(now, this.upstreamMs);
    cluster.onResult(endpoint, head.status < 500, this.upstreamMs);
    if (attempt.beganAt !== 0) cluster.latencies?.add(now - attempt.beganAt);
    if (head.status >= 429 && this.retriesStatus(attempt, head)) return false;
    this.onAnswer(attempt);
    return true;
  }

  private retriesStatus(attempt: Attempt, head: ResponseHead): boolean {
    const { status } = head;
    const { retry } = this.exchange.route!.config;
    if (retry === null || !statusMatches(retry.on, status)) return false;
    const text = head.get("retry-after");
    const retryAfter = text === null ? null : parseRetryAfter(text, Date.now());
    return this.goesOn(attempt, { error: null, status, retryAfter });
  }

  /** The client gets what this attempt brings: there is to be no other one. */
  onAnswer(attempt: Attempt): void {
    if (this.hedgeTimer !== null) this.endHedgeTimer();
    if (this.isAlone) return;
    const { current, beside } = this;
    this.beside = null;
    this.preparesBeside = false;
    if (beside === attempt) this.lose(current!, attempt);
    else beside?.cancel();
    this.use(attempt);
  }

  private lose(first: Attempt, winner: Attempt): void {
    winner.endpoint.reactor.metrics.clusters.hedgeWon(winner.endpoint.metricsSlot);
    if (first.beganAt !== 0) first.cluster.latencies?.add(performance.now() - first.beganAt);
    first.lose();
  }

  private use(attempt: Attempt): void {
    const { exchange } = this;
    this.current = attempt;
    this.cluster = attempt.cluster;
    this.endpoint = attempt.endpoint;
    exchange.upstream = attempt.connection;
    if (attempt.edited !== null) exchange.policies!.useAttempt(attempt.edited);
  }

  /** The endpoint switched protocols. */
  onSwitched(): void {
    const { current } = this;
    this.upstreamMs = current!.waited;
    current!.place?.answered();
    current!.count(null);
  }

  // --- its failure

  onNoConnection(attempt: Attempt, error: ProxyError): void {
    this.count++;
    this.failed(attempt, error);
  }

  /** No response, or no whole one. */
  onFailed(attempt: Attempt, error: ProxyError): void {
    if (this.current === attempt) this.exchange.upstream = null;
    if (!this.isAlone || !mayBeLost(this.exchange, attempt, error)) {
      this.failed(attempt, error);
      return;
    }
    attempt.count(error.code);
    if (this.hedgeTimer !== null) this.endHedgeTimer();
    this.repeats = true;
    this.next();
  }

  /**
   * The endpoint has been silent for long; `isSilent` when it surely answers nobody: then whoever may goes elsewhere.
   * Else another endpoint is asked as well. Returns whether the connection is given up.
   */
  onStalled(attempt: Attempt, isSilent: boolean): boolean {
    if (!isSilent) {
      // Where nobody else can answer nothing else tells of the silence; an answer takes the failure back.
      if (!this.runBeside(attempt, "silent")) attempt.blame();
      return false;
    }
    attempt.blame();
    const message = `${attempt.endpoint.name} is silent`;
    const error = new ProxyError("response_head_timeout", message, { source: "upstream" });
    if (this.exchange.hasAnswered || !this.goesOn(attempt, { error })) return false;
    attempt.count(error.code);
    return true;
  }

  private failed(attempt: Attempt, error: ProxyError): void {
    const { exchange } = this;
    attempt.count(error.code);
    if (!exchange.hasAnswered) {
      if (error.source === "upstream") attempt.blame(isConnectFailure(error) ? "nobody" : "answers");
      if (this.goesOn(attempt, { error })) return;
    }
    exchange.fail(error);
  }

  /** The attempt brings nothing. Returns whether another one is under way, or will be. */
  private goesOn(attempt: Attempt, failure: AttemptFailure): boolean {
    if (this.isAlone) {
      const pause = pauseBeforeRetry(this.exchange, attempt, failure);
      if (pause === null) return false;
      this.pause = setTimeout(() => this.next(), pause);
    }
    this.exclude(attempt.endpoint);
    this.drop(attempt);
    return true;
  }

  private exclude(endpoint: Endpoint): void {
    this.tried ??= new Set();
    this.tried.add(endpoint);
  }

  /** The attempt is over; the one beside it, if there is one, takes its place. */
  private drop(attempt: Attempt): void {
    const { beside } = this;
    attempt.end();
    this.beside = null;
    if (attempt === beside) return;
    if (this.hedgeTimer !== null) this.endHedgeTimer();
    this.current = null;
    this.exchange.upstream = null;
    if (beside !== null) this.use(beside);
  }

  // --- the next one, or one beside it

  /** Begins an attempt, by way of the policies that see it. */
  next(): void {
    const { exchange } = this;
    this.pause = null;
    try {
      if (exchange.policies === null) this.begin(clusterFor(exchange), null);
      else exchange.policies.onUpstream();
    } catch (error) {
      this.notBegun(toProxyError(error, "try again"));
    }
  }

  /** The attempt that was to come does not. */
  notBegun(error: ProxyError): void {
    this.preparesBeside = false;
    if (this.current === null || this.repeats) this.exchange.fail(error);
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

  /** The request becomes one of those that are sent again, until the exchange is over. */
  onRetried(admission: Admission): void {
    this.retriedAt = admission;
  }

  get isRetried(): boolean {
    return this.retriedAt !== null;
  }

  private endRetry(): void {
    this.retriedAt?.endRetry();
    this.retriedAt = null;
  }

  /** A percentile of the cluster's requests has been answered by then. */
  private hedgeLater(attempt: Attempt, latencies: LatencyWindow): void {
    attempt.beganAt = performance.now();
    const after = hedgeTime(this.exchange, latencies);
    if (after === null) return;
    this.hedgeTimer = setTimeout(() => {
      this.hedgeTimer = null;
      this.runBeside(attempt, "slow");
    }, after);
  }

  /** Returns whether there are two now. */
  private runBeside(first: Attempt, because: "slow" | "silent"): boolean {
    if (!this.isAlone) return true;
    if (this.repeats || !mayRunBeside(this.exchange, first, because)) return false;
    this.exclude(first.endpoint);
    this.preparesBeside = true;
    this.next();
    return true;
  }

  /** To the same endpoint it is not sent: a policy wants that one, or no other is well. */
  private beginBeside(first: Attempt, cluster: Cluster, name: string | null): void {
    const endpoint = this.choose(cluster, name);
    if (endpoint === first.endpoint) return;
    this.beside = this.attempt(cluster, endpoint);
    if (cluster.latencies !== null) this.beside.beganAt = performance.now();
    endpoint.reactor.metrics.clusters.hedge(endpoint.metricsSlot);
    this.beside.begin();
  }

  private endHedgeTimer(): void {
    clearTimeout(this.hedgeTimer!);
    this.hedgeTimer = null;
  }

  // --- end

  /** The client is gone, before it got anything or later. */
  onClientGone(): void {
    if (!this.exchange.hasAnswered) this.current?.leave();
  }

  /** Nobody waits for an attempt, or for the next one, any more; but `Exchange.upstream` is not closed. */
  cancel(): void {
    const { current, beside } = this;
    if (this.pause !== null) clearTimeout(this.pause);
    this.pause = null;
    this.postponed = null;
    if (this.hedgeTimer !== null) this.endHedgeTimer();
    this.preparesBeside = false;
    this.beside = null;
    beside?.cancel();
    if (current !== null && current.connection === null) current.endpoint.pool.cancel(current);
  }

  /** The exchange is over. */
  end(): void {
    this.current?.end();
    this.endRetry();
    this.timeLimit?.cancel();
  }

  /** The lines that lead the client back to the cluster and the endpoint that answer; empty: none do. */
  cookieLines(): string {
    const { exchange, current } = this;
    const line = exchange.choice === null ? "" : splitLine(exchange);
    if (current === null || current.cluster.sticky === null) return line;
    return line + stickyLine(exchange, current.cluster, current.endpoint);
  }
}
