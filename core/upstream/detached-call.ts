/**
 * A request that nobody waits for: sent once, its response read and thrown away, all of it within one time. What
 * becomes of it counts for its endpoint as that of any other request does.
 */
import { ProxyError, toProxyError } from "../errors.ts";
import { Timer } from "../net/timers.ts";
import type { Task } from "../net/turn.ts";
import type { BodyMode } from "../wire/message-reader.ts";
import type { ResponseHead } from "../wire/response-head.ts";
import type { Cluster } from "./cluster.ts";
import type { UpstreamConnection } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Place } from "./overload/place.ts";
import type { Waiter } from "./pool.ts";
import type { ResponseReceiver, TunnelEnd } from "./receiver.ts";

/** Bytes of a response that are read to keep its connection; a longer one is not worth it. */
const mostRead = 1024 * 1024;
/** Where a cluster has limits, requests that somebody waits for have more room. */
const leastImportant = 3;
/** More interim responses than any protocol needs. */
const mostInterims = 32;

export interface DetachedRequest {
  readonly method: string;
  readonly requestId: string;
  /** With its empty line, and what of the body is to be in front of `body`; latin1. */
  readonly head: string;
  readonly body: Buffer;
  /** Behind `body`; latin1. */
  readonly tail: string;
  /** What the cluster hashes; null: nothing. */
  readonly hash: number | null;
}

/** Whom a call tells how it goes. */
export interface DetachedOwner {
  /** It is on its way. */
  onSent(): void;
  /** @param error null when it was answered, whatever the answer says */
  onDone(call: DetachedCall, error: ProxyError | null): void;
}

export class DetachedCall implements Task, Waiter, ResponseReceiver {
  private readonly cluster: Cluster;
  private readonly owner: DetachedOwner;
  private readonly timeout: number;
  private readonly timer = new Timer(() => this.onTimeout());
  /** Null before it is sent, and after. */
  private request: DetachedRequest | null = null;
  private requestMethod = "GET";
  private endpoint: Endpoint | null = null;
  private connection: UpstreamConnection | null = null;
  private place: Place | null = null;
  private sentAt = 0;
  private isAnswered = false;
  private interims = 0;
  private received = 0;
  private isDone = false;

  /** @param timeout ms, from `send` until the end of the response */
  constructor(cluster: Cluster, timeout: number, owner: DetachedOwner) {
    this.cluster = cluster;
    this.timeout = timeout;
    this.owner = owner;
  }

  get method(): string {
    return this.requestMethod;
  }

  /** Sends the request when those of this turn that somebody waits for are on their way. */
  send(request: DetachedRequest): void {
    this.request = request;
    this.requestMethod = request.method;
    this.cluster.reactor.turn.soon(this);
  }

  /** Ends it at once; its owner hears nothing more. */
  cancel(): void {
    this.isDone = true;
    this.leave();
  }

  run(): void {
    if (this.isDone) return;
    try {
      this.place = this.cluster.admission?.enter(leastImportant, true) ?? null;
      this.endpoint = this.cluster.pick({ hash: this.request!.hash, exclude: null });
      this.endpoint.inFlight++;
      this.endpoint.reactor.timers.arm(this.timer, this.timeout);
      this.sentAt = performance.now();
      this.endpoint.pool.acquire(this);
    } catch (error) {
      this.finish(toProxyError(error, "send a copy"));
    }
  }

  // --- from the pool

  onConnection(connection: UpstreamConnection): void {
    const { requestId, head, body, tail } = this.request!;
    this.request = null;
    this.connection = connection;
    this.sentAt = performance.now();
    connection.start(this, requestId);
    connection.cork();
    connection.sendText(head);
    if (body.length > 0) connection.sendBytes(body);
    if (tail !== "") connection.sendText(tail);
    connection.uncork();
    connection.finishSending();
    this.owner.onSent();
  }

  onNoConnection(error: ProxyError): void {
    this.fail(error);
  }

  // --- from the connection

  onResponseHead(head: ResponseHead): BodyMode {
    if (head.isInterim) {
      this.passOver(head);
      return "raw";
    }
    const endpoint = this.endpoint!;
    const now = performance.now();
    this.isAnswered = true;
    this.place?.answered();
    endpoint.reactor.metrics.clusters.attempt(endpoint.metricsSlot, null);
    endpoint.onHead(now, now - this.sentAt);
    this.cluster.onResult(endpoint, head.status < 500, now - this.sentAt);
    return "raw";
  }

  private passOver({ status }: ResponseHead): void {
    if (status === 101) {
      const message = "Endpoint switched protocols unasked";
      throw new ProxyError("upgrade_unexpected", message, { source: "upstream" });
    }
    if (++this.interims > mostInterims) {
      throw new ProxyError("interim_flood", "Too many interim responses", { source: "upstream" });
    }
  }

  onResponseBody(_bytes: Buffer, start: number, end: number): void {
    this.received += end - start;
    if (this.received > mostRead) this.finish(null);
  }

  onResponseEnd(): void {
    // It goes back to its pool.
    this.connection = null;
    this.finish(null);
  }

  onReadDone(): void {}

  onSwitched(): TunnelEnd {
    throw new ProxyError("internal", "A copy became a tunnel", { source: "internal" });
  }

  onResponseFailed(error: ProxyError): void {
    this.connection = null;
    this.fail(error);
  }

  onStalled(isSilent: boolean): boolean {
    if (!isSilent) return false;
    this.connection = null;
    const message = `${this.endpoint!.name} is silent`;
    this.fail(new ProxyError("response_head_timeout", message, { source: "upstream" }));
    return true;
  }

  onSendDrained(): void {}

  // --- ends

  private onTimeout(): void {
    if (this.isAnswered) {
      this.finish(null);
      return;
    }
    const code = this.connection === null ? "pending_timeout" : "response_head_timeout";
    const message = `${this.endpoint!.name} did not answer in ${this.timeout} ms`;
    this.fail(new ProxyError(code, message, { source: "upstream" }));
  }

  private fail(error: ProxyError): void {
    const endpoint = this.endpoint!;
    endpoint.reactor.metrics.clusters.attempt(endpoint.metricsSlot, error.code);
    // A connection that died while it was idle says nothing of the endpoint.
    if (!this.isAnswered && error.source === "upstream" && error.retry !== "reused-connection")
      this.cluster.onResult(endpoint, false, performance.now() - this.sentAt);
    this.finish(error);
  }

  private finish(error: ProxyError | null): void {
    if (this.isDone) return;
    this.isDone = true;
    this.leave();
    this.owner.onDone(this, error);
  }

  private leave(): void {
    const { endpoint, connection } = this;
    this.request = null;
    this.connection = null;
    this.place?.leave();
    this.place = null;
    if (endpoint === null) return;
    this.endpoint = null;
    endpoint.inFlight--;
    endpoint.reactor.timers.disarm(this.timer);
    if (connection !== null) connection.abandon();
    else endpoint.pool.cancel(this);
  }
}
