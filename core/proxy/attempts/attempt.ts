/**
 * One attempt of an exchange: a request at one endpoint. What comes before the client sees anything of its response
 * it tells `Attempts`, which knows the others; what comes then goes to the exchange.
 */
import { performance } from "node:perf_hooks";
import type { ProxyError } from "../../errors.ts";
import type { RequestDraft } from "../../policy/request-draft.ts";
import type { Cluster } from "../../upstream/cluster.ts";
import type { UpstreamConnection } from "../../upstream/connection.ts";
import type { Endpoint } from "../../upstream/endpoint.ts";
import { LateAnswer } from "../../upstream/late-answer.ts";
import type { Place } from "../../upstream/overload/place.ts";
import type { Waiter } from "../../upstream/pool.ts";
import type { ResponseReceiver, TunnelEnd } from "../../upstream/receiver.ts";
import type { BodyMode } from "../../wire/message-reader.ts";
import type { ResponseHead } from "../../wire/response-head.ts";
import type { Trailers } from "../../wire/trailers.ts";
import type { Exchange } from "../exchange.ts";
import type { Attempts } from "./attempts.ts";

export class Attempt implements Waiter, ResponseReceiver {
  method: string;
  readonly cluster: Cluster;
  readonly endpoint: Endpoint;
  /** The request as the policies left it for this attempt; null: there are none. */
  edited: RequestDraft | null;
  /** What it takes up at its cluster; null: that does not count. */
  readonly place: Place | null;
  /** Null until it has one. */
  connection: UpstreamConnection | null = null;
  /** When it got a connection, or learnt that there is none; 0 before. */
  sentAt = 0;
  /** When it was asked for, where latencies of the cluster are of interest. */
  beganAt = 0;
  /** Whether the endpoint was told to have failed this request. */
  isBlamed = false;
  private readonly exchange: Exchange;
  private readonly attempts: Attempts;

  constructor(exchange: Exchange, cluster: Cluster, endpoint: Endpoint, place: Place | null) {
    this.exchange = exchange;
    this.attempts = exchange.attempts;
    this.cluster = cluster;
    this.endpoint = endpoint;
    this.place = place;
    this.method = exchange.method;
    this.edited = exchange.policies === null ? null : exchange.policies.attempt;
  }

  begin(): void {
    this.endpoint.inFlight++;
    this.endpoint.pool.acquire(this);
  }

  /** Makes it again, on a connection that has carried nothing before. */
  again(): void {
    const { exchange } = this;
    this.connection = null;
    this.sentAt = 0;
    this.method = exchange.method;
    this.edited = exchange.policies === null ? null : exchange.policies.attempt;
    this.endpoint.pool.acquireNew(this);
  }

  /** Gives it up; its endpoint hears no more of it. */
  cancel(): void {
    if (this.connection === null) this.endpoint.pool.cancel(this);
    else this.connection.abandon();
    this.end();
  }

  /**
   * Another one answered. An endpoint that was quiet all the time has failed this request, but its connection stays
   * open for a while: should it answer after all, it is slow, and not dead. So it does where the endpoint was quiet
   * before as well: with all of its requests lost like this nobody would hear whether it is dead.
   */
  lose(): void {
    const { cluster, connection, endpoint, sentAt } = this;
    const now = performance.now();
    if (connection === null || !endpoint.isQuiet(now)) {
      this.cancel();
      return;
    }
    if (endpoint.isQuietSince(sentAt, now)) {
      this.blame();
      this.count("response_head_timeout");
    }
    LateAnswer.await(cluster, connection, this);
    this.end();
  }

  /** The client is gone: it may be that the endpoint has been quiet for so long that it failed the request. */
  leave(): void {
    if (this.sentAt !== 0 && this.endpoint.isQuietSince(this.sentAt, performance.now())) this.blame();
  }

  /** It is over. */
  end(): void {
    this.place?.leave();
    this.endpoint.inFlight--;
  }

  /** ms since it was sent. */
  get waited(): number {
    return performance.now() - this.sentAt;
  }

  /**
   * The endpoint failed this request: its cluster hears of it, once.
   *
   * @param found whether there was somebody to connect to
   */
  blame(found: "answers" | "nobody" = "answers"): void {
    if (this.isBlamed) return;
    this.isBlamed = true;
    this.cluster.onResult(this.endpoint, false, this.waited, found);
  }

  /** @param code of an error; null: it ended with a response */
  count(code: ProxyError["code"] | null): void {
    this.endpoint.reactor.metrics.clusters.attempt(this.endpoint.metricsSlot, code);
  }

  // --- from the pool

  onConnection(connection: UpstreamConnection): void {
    this.connection = connection;
    this.sentAt = performance.now();
    this.attempts.onConnection(this, connection);
  }

  onNoConnection(error: ProxyError): void {
    this.sentAt = performance.now();
    this.attempts.onNoConnection(this, error);
  }

  // --- from the connection

  onResponseHead(head: ResponseHead): BodyMode {
    if (head.isInterim) {
      this.attempts.onAnswer(this);
    } else if (!this.attempts.onHead(this, head)) {
      this.connection!.abandon();
      return "raw";
    }
    return this.exchange.onResponseHead(head);
  }

  onResponseBody(bytes: Buffer, start: number, end: number): void {
    this.exchange.onResponseBody(bytes, start, end);
  }

  onResponseEnd(trailers: Trailers): void {
    this.exchange.onResponseEnd(trailers);
  }

  onReadDone(): void {
    if (this.attempts.isCurrent(this)) this.exchange.onReadDone();
  }

  onSwitched(surplus: Buffer): TunnelEnd {
    return this.exchange.onSwitched(surplus);
  }

  onResponseFailed(error: ProxyError): void {
    this.attempts.onFailed(this, error);
  }

  onStalled(isSilent: boolean): boolean {
    return this.attempts.onStalled(this, isSilent);
  }

  onSendDrained(): void {
    this.exchange.onSendDrained();
  }
}
