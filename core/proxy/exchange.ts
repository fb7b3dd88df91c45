/**
 * One request and its response, from first byte to last:
 *
 *     head -> checks -> route -> cluster -> endpoint -> connection -> request head and body
 *     client <- response body <- response head <-
 */
import { ProxyError, toProxyError } from "../errors.ts";
import type { Task } from "../net/turn.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { Waiter } from "../upstream/pool.ts";
import type { ResponseReceiver, TunnelEnd } from "../upstream/receiver.ts";
import { endToEndFields, keepsAlive } from "../wire/connection-options.ts";
import {
  type Delimiting,
  delimitingFor,
  forwardInterim,
  forwardRequest,
  forwardResponse,
  forwardSwitch,
  requestedUpgrade,
} from "../wire/forward.ts";
import type { BodyMode } from "../wire/message-reader.ts";
import type { RequestHead } from "../wire/request-head.ts";
import type { ResponseHead } from "../wire/response-head.ts";
import { allowedBy, checkRequest } from "./checks.ts";
import type { DownstreamConnection } from "./connection.ts";
import type { Generation, Route } from "./generation.ts";
import { httpDate } from "./http-date.ts";
import { errorReply } from "./local-reply.ts";
import { RequestBody } from "./request-body.ts";
import { requestIdOf } from "./request-id.ts";
import { Tunnel } from "./tunnel.ts";

/** Up to here bytes travel in one string with the head, which saves a system call. */
const joinedBody = 8 * 1024;
/** More interim responses than any protocol needs. */
const mostInterims = 32;

const idempotent = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]);

export class Exchange implements Task, Waiter, ResponseReceiver {
  readonly head: RequestHead;
  readonly method: string;
  readonly requestId: string;
  readonly startedAt = performance.now();
  readonly requestBody = new RequestBody();
  /** Status that the client saw, 0 before there is one. */
  status = 0;
  /** Body bytes sent to the client. */
  bytesOut = 0;
  upstreamMs: number | null = null;
  attempts = 0;
  error: ProxyError | null = null;
  route: Route | null = null;
  endpoint: Endpoint | null = null;
  private readonly client: DownstreamConnection;
  private readonly generation: Generation;
  private upstream: UpstreamConnection | null = null;
  private upgrade: string | null = null;
  private sentAt = 0;
  private interims = 0;
  private delimiting: Delimiting = "as-received";
  private closesClient = false;
  /** Whether the client got a byte of the response. */
  private answered = false;
  /** Bytes for the client, as latin1, that wait for the end of the current read. */
  private text = "";
  private responseEnded = false;
  private finished = false;

  constructor(client: DownstreamConnection, head: RequestHead, generation: Generation) {
    this.client = client;
    this.head = head;
    this.method = head.method;
    this.generation = generation;
    this.requestId = requestIdOf(head, client.side.trusted);
  }

  // --- request: at the end of the turn in which its head arrived

  run(): void {
    if (this.finished) return;
    if (this.responseEnded) this.flush();
    else this.begin();
  }

  private begin(): void {
    try {
      checkRequest(this.head, this.generation.config);
      this.route = this.findRoute();
      this.upgrade = requestedUpgrade(this.head, this.generation.config.forwarding.upgrades);
      this.endpoint = this.route.cluster.pick();
      this.endpoint.inFlight++;
      this.endpoint.pool.acquire(this);
    } catch (error) {
      this.fail(toProxyError(error, "handle request"));
    }
  }

  private findRoute(): Route {
    const { table, routes } = this.generation;
    const { authority, path, method, connection } = this.head;
    // Or a client could choose a route by a field that the endpoint never sees.
    const fields = endToEndFields(this.head, connection);
    const index = table.match(authority, path, method, fields);
    const route = routes[index];
    if (route !== undefined) return route;
    const code = index === -1 ? "route_not_found" : "method_not_allowed";
    throw new ProxyError(code, `${method} ${path} matches no route`, { source: "downstream" });
  }

  onConnection(connection: UpstreamConnection): void {
    this.upstream = connection;
    this.attempts++;
    this.sentAt = performance.now();
    connection.start(this, this.requestId);
    const head = forwardRequest(this.head, this.client.side, {
      host: this.hostField(),
      requestId: this.requestId,
      upgrade: this.upgrade,
    });
    const flowing = this.requestBody.sendBehind(head, connection);
    if (flowing) this.client.resumeReading();
  }

  private hostField(): string | null {
    const { host } = this.route!.config;
    if (typeof host === "object") return host.literal;
    if (host === "upstream" || this.head.authority === "") return this.endpoint!.config.authority;
    return null;
  }

  onNoConnection(error: ProxyError): void {
    this.attempts++;
    this.endpoint!.reactor.metrics.upstreamAttempt(this.endpoint!.metricsSlot, error.code);
    this.fail(error);
  }

  /**
   * Part of the request body arrived.
   *
   * @param length of the body so far
   */
  onRequestBody(bytes: Buffer, length: number): void {
    if (this.finished) return;
    const limit = this.generation.config.limits.requestBody;
    if (length > limit) {
      const message = `Request body is longer than ${limit} bytes`;
      this.fail(new ProxyError("body_too_large", message, { source: "downstream" }));
      return;
    }
    const flowing = this.requestBody.add(bytes, this.upstream);
    if (!flowing) this.client.pauseReading();
  }

  onRequestEnd(): void {
    this.requestBody.complete = true;
    this.upstream?.finishSending();
  }

  onSendDrained(): void {
    this.client.resumeReading();
  }

  // --- response

  onResponseHead(head: ResponseHead): BodyMode {
    if (head.isInterim) {
      this.passInterim(head);
      return "raw";
    }
    this.upstreamMs = performance.now() - this.sentAt;
    this.endpoint!.reactor.metrics.upstreamAttempt(this.endpoint!.metricsSlot, null);
    this.requestBody.forget();
    this.status = head.status;
    this.delimiting = delimitingFor(head, this.head.minor);
    this.closesClient = this.delimiting === "close" || this.mustCloseClient();
    this.text += forwardResponse(head, {
      delimiting: this.delimiting,
      connection: this.connectionField(),
      client: this.client.side,
      date: httpDate(),
    });
    return this.delimiting === "close" ? "decoded" : "raw";
  }

  onResponseBody(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    this.bytesOut += length;
    if (this.delimiting === "chunked") this.text += `${length.toString(16)}\r\n`;
    if (this.text.length + length <= joinedBody) {
      this.text += bytes.toString("latin1", start, end);
    } else {
      this.sendBytes(bytes, start, end);
    }
    if (this.delimiting === "chunked") this.text += "\r\n";
  }

  onResponseEnd(): void {
    if (this.delimiting === "chunked") this.text += "0\r\n\r\n";
    this.responseEnded = true;
  }

  onReadDone(): void {
    if (!this.responseEnded) {
      this.flush();
      return;
    }
    // The connection belongs to its pool again. What ends in this turn is sent together: fewer
    // wake-ups, 0.2 of 14.5 µs a small request (`npm run bench -- --rows small`).
    this.upstream = null;
    this.client.reactor.turn.schedule(this);
  }

  private flush(): void {
    if (this.text !== "") {
      const { text } = this;
      this.text = "";
      this.answered = true;
      if (!this.client.sendText(text)) this.holdUpstream();
    }
    if (this.responseEnded) this.finish();
  }

  private sendBytes(bytes: Buffer, start: number, end: number): void {
    const { text } = this;
    this.text = "";
    this.answered = true;
    const upstream = this.upstream!;
    const flowing = this.client.sendTextAndBytes(text, upstream.memory.sliceToKeep(bytes, start, end));
    if (this.client.isSending) upstream.memory.retain();
    if (!flowing) this.holdUpstream();
  }

  /** The client reads more slowly than the endpoint sends. */
  private holdUpstream(): void {
    if (!this.responseEnded) this.upstream?.pause();
  }

  /** The client has read what was sent. */
  onClientDrained(): void {
    this.upstream?.resume();
  }

  private passInterim(head: ResponseHead): void {
    if (++this.interims > mostInterims) {
      throw new ProxyError("interim_flood", "Too many interim responses", { source: "upstream" });
    }
    if (head.status === 101) {
      this.switchProtocols(head);
    } else if (this.head.minor === 1) {
      // RFC 9110 section 15.2: an HTTP/1.0 client does not know them.
      this.text += forwardInterim(head);
    }
  }

  private switchProtocols(head: ResponseHead): void {
    if (this.upgrade === null) {
      throw new ProxyError("upgrade_unexpected", "Endpoint switched protocols unasked", {
        source: "upstream",
      });
    }
    this.upstreamMs = performance.now() - this.sentAt;
    this.endpoint!.reactor.metrics.upstreamAttempt(this.endpoint!.metricsSlot, null);
    this.status = 101;
    this.text += forwardSwitch(head, this.upgrade, this.client.side.via);
  }

  onSwitched(surplus: Buffer): TunnelEnd {
    this.flush();
    const tunnel = new Tunnel(this.client, this.upstream!, this.generation.config.timeouts.tunnelIdle, this);
    this.client.becomeTunnel(tunnel);
    if (surplus.length > 0) tunnel.onTunnelBytes(surplus, surplus.length);
    return tunnel;
  }

  // --- failures

  onResponseFailed(error: ProxyError): void {
    this.upstream = null;
    this.endpoint!.reactor.metrics.upstreamAttempt(this.endpoint!.metricsSlot, error.code);
    if (this.maySendAgain(error)) {
      this.endpoint!.pool.acquireNew(this);
    } else {
      this.fail(error);
    }
  }

  /**
   * RFC 9110 section 9.2.2: a request that may have been lost with a dying idle connection
   * is sent once more, if doing it twice is doing it once and its body is still here.
   */
  private maySendAgain(error: ProxyError): boolean {
    return (
      error.retry === "reused-connection" &&
      this.attempts === 1 &&
      this.interims === 0 &&
      idempotent.has(this.method) &&
      this.requestBody.canReplay
    );
  }

  /** Ends the exchange with a local reply, or by breaking off the response that has begun. */
  fail(error: ProxyError): void {
    if (this.finished) return;
    this.error = error;
    this.leaveUpstream();
    if (this.answered && this.status !== 0) {
      // The client must see a broken message, never a complete-looking short one.
      this.finish();
      return;
    }
    this.text = "";
    this.status = error.status;
    this.closesClient = this.mustCloseClient() || error.code === "body_timeout";
    const reply = errorReply(error, {
      proxy: this.client.side.via,
      requestId: this.requestId,
      isHead: this.method === "HEAD",
      connection: this.connectionField(),
      allow: error.code === "method_not_allowed" ? allowedBy(this.head, this.generation.table) : null,
    });
    this.bytesOut = reply.length - reply.indexOf("\r\n\r\n") - 4;
    this.client.sendText(reply);
    this.responseEnded = true;
    this.finish();
  }

  /** The client closed its connection, or stopped reading: nobody waits for the response. */
  onClientGone(error: ProxyError): void {
    if (this.finished) return;
    this.error = error;
    if (this.status === 0) this.status = error.status;
    this.leaveUpstream();
    this.finish();
  }

  private leaveUpstream(): void {
    if (this.upstream !== null) this.upstream.abandon();
    else this.endpoint?.pool.cancel(this);
    this.upstream = null;
  }

  // --- end

  /** Of a tunnel: both sides are done. */
  onTunnelFinished(bytesIn: number, bytesOut: number): void {
    this.requestBody.length = bytesIn;
    this.bytesOut = bytesOut;
    this.responseEnded = true;
    this.closesClient = true;
    this.finish();
  }

  private finish(): void {
    if (this.finished) return;
    this.finished = true;
    this.upstream = null;
    if (this.endpoint !== null) this.endpoint.inFlight--;
    const broken = !this.responseEnded;
    this.client.onExchangeDone(this, broken ? "broken" : this.closesClient ? "close" : "keep-alive");
  }

  private mustCloseClient(): boolean {
    return (
      !this.requestBody.complete || !keepsAlive(this.head, this.head.connection) || this.client.isLeaving
    );
  }

  private connectionField(): "" | "close" | "keep-alive" {
    if (this.closesClient) return "close";
    return this.head.minor === 0 ? "keep-alive" : "";
  }
}
