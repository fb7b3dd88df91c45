/**
 * One client connection: reads requests, runs them one at a time in their order, and
 * decides what happens to the connection between them.
 */
import type { Socket } from "node:net";
import type { Timeouts } from "../../config/model.ts";
import { ProxyError, toProxyError } from "../../errors.ts";
import { keep } from "../../net/incoming.ts";
import type { Reactor } from "../../net/reactor.ts";
import { Timer } from "../../net/timers.ts";
import { tlsFacts } from "../../net/tls/facts.ts";
import { Kind } from "../../wire/field-kind.ts";
import type { ClientSide } from "../../wire/forward/client-side.ts";
import { CHUNKED } from "../../wire/framing.ts";
import { type BodyMode, type MessageSink, RequestReader } from "../../wire/message-reader.ts";
import type { RequestHead } from "../../wire/request-head.ts";
import type { Trailers } from "../../wire/trailers.ts";
import { Exchange } from "../exchange.ts";
import type { Gateway } from "../gateway.ts";
import type { Generation } from "../generation.ts";
import { errorReply } from "../response/local-reply.ts";
import type { ExchangeClient } from "./exchange-client.ts";
import { HeldBytes } from "./held-bytes.ts";
import { clientSide } from "./side.ts";
import { ownSocket, type SocketOwner } from "./socket-events.ts";
import type { Tunnel } from "./tunnel.ts";

const Phase = {
  /** No byte of a request yet: the first one on a fresh connection, or the next one. */
  fresh: 0,
  idle: 1,
  head: 2,
  exchange: 3,
  tunnel: 4,
  /** Everything was said; what the client still sends is thrown away. */
  lingering: 5,
  closed: 6,
} as const;

/** How long, in ms, and how much is read from a client that was told to go. */
const lingerTime = 2000;
const lingerBytes = 1024 * 1024;
/** How long an idle connection may still bring a request after shutdown began, in ms. */
const leavingIdleTime = 1000;

export class DownstreamConnection implements MessageSink<RequestHead>, SocketOwner, ExchangeClient {
  readonly gateway: Gateway;
  /** Of the generation that the current request belongs to. */
  side: ClientSide;
  private generation: Generation;
  private readonly socket: Socket;
  private readonly scheme: "http" | "https";
  private readonly reader: RequestReader;
  private readonly timer: Timer;
  private phase: number = Phase.fresh;
  private exchange: Exchange | null = null;
  private tunnel: Tunnel | null = null;
  /** Null while nobody pipelines, as most never do. */
  private held: HeldBytes | null = null;
  /** Who is told when the client has read everything; null: nobody waits for that. */
  private untilSent: (() => void)[] | null = null;
  private lingered = 0;
  private tlsText: string | null = null;
  private leaving = false;

  constructor(gateway: Gateway, socket: Socket, scheme: "http" | "https") {
    this.gateway = gateway;
    this.generation = gateway.generation;
    this.socket = socket;
    this.scheme = scheme;
    this.side = clientSide(this.generation, socket, scheme);
    this.reader = new RequestReader(this.generation.config.limits, this);
    this.timer = new Timer(() => this.onTimeout());
    ownSocket(socket, this);
    this.arm(this.timeouts.head);
  }

  get reactor(): Reactor {
    return this.gateway.reactor;
  }

  /** Whether this connection is to end after the current response. */
  get isLeaving(): boolean {
    return this.leaving || this.gateway.isDraining;
  }

  private get timeouts(): Timeouts {
    return this.generation.config.timeouts;
  }

  /** JSON of what is known of the client's TLS, without a blank in it; empty when there is none. */
  get tls(): string {
    if (this.scheme === "http") return "";
    this.tlsText ??= JSON.stringify(tlsFacts(this.socket)).replaceAll(" ", "\\u0020");
    return this.tlsText;
  }

  /** Whether bytes wait in this process for the client to read. */
  get isSending(): boolean {
    return this.socket.writableLength > 0;
  }

  // --- reading

  onBytes(bytes: Buffer, length: number): void {
    switch (this.phase) {
      case Phase.tunnel:
        this.tunnel!.onClientBytes(keep(bytes, 0, length));
        return;
      case Phase.lingering:
        this.lingered += length;
        if (this.lingered > lingerBytes) this.destroy();
        return;
      case Phase.closed:
        return;
      default:
        this.readRequests(bytes, length);
    }
  }

  private readRequests(bytes: Buffer, length: number): void {
    if (this.generation !== this.gateway.generation && this.exchange === null) this.changeGeneration();
    let at = 0;
    try {
      while (at < length && this.mayRead()) at = this.reader.read(bytes, at, length);
    } catch (error) {
      this.refuse(toProxyError(error, "handle request"));
      return;
    }
    if (at < length && this.isServing) this.hold(keep(bytes, at, length));
    if (this.exchange === null && !this.reader.atBoundary) this.startHead();
  }

  /** Between two requests: the next one belongs to the config in force, even if its head has begun to arrive. */
  private changeGeneration(): void {
    this.generation = this.gateway.generation;
    this.reader.limits = this.generation.config.limits;
    this.side = clientSide(this.generation, this.socket, this.scheme);
  }

  /** The next request waits until the current one is done and its response is on its way. */
  private mayRead(): boolean {
    if (this.phase === Phase.exchange) return !this.exchange!.requestBody.received;
    return this.phase <= Phase.head && !this.isSendingLastResponse;
  }

  private get isSendingLastResponse(): boolean {
    return this.phase === Phase.idle && this.socket.writableNeedDrain;
  }

  private get isServing(): boolean {
    return this.phase === Phase.exchange || this.phase === Phase.idle;
  }

  private startHead(): void {
    if (this.phase >= Phase.head) return;
    const isFirst = this.phase === Phase.fresh;
    this.phase = Phase.head;
    // On a fresh connection the time runs since it was accepted.
    if (!isFirst) this.arm(this.timeouts.head);
  }

  private hold(bytes: Buffer): void {
    this.held ??= new HeldBytes();
    this.held.add(bytes);
    // Not by pauseReading: the time in which the client must read its response goes on.
    if (this.held.isFull) this.socket.pause();
  }

  // --- from the reader

  onHead(head: RequestHead): BodyMode {
    this.phase = Phase.exchange;
    // A client that expects 100-continue waits for the endpoint, whose own time runs.
    if (head.hasBody && (head.kinds & Kind.expect) === 0) this.arm(this.timeouts.bodyIdle);
    else this.disarm();
    this.exchange = new Exchange(this, head, this.generation);
    this.generation.begin();
    this.reactor.metrics.requestStarted();
    this.reactor.turn.schedule(this.exchange);
    return this.exchange.requestBody.isChunked ? "decoded" : "raw";
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    const { exchange } = this;
    if (exchange === null) return;
    this.arm(this.timeouts.bodyIdle);
    const { head, requestBody } = exchange;
    const isChunked = head.contentLength === CHUNKED;
    const length = isChunked ? this.reader.chunkedLength : requestBody.length + end - start;
    exchange.onRequestBody(keep(bytes, start, end), length);
  }

  onEnd(trailers: Trailers): void {
    if (this.exchange === null) return;
    this.disarm();
    this.exchange.onRequestEnd(trailers);
  }

  // --- for the exchange

  pauseReading(): void {
    this.socket.pause();
    if (this.phase === Phase.exchange) this.disarm();
  }

  resumeReading(): void {
    if (!this.socket.isPaused() || this.held?.isFull) return;
    if (this.phase === Phase.exchange && this.reader.inBody) {
      this.arm(this.timeouts.bodyIdle);
    }
    this.socket.resume();
  }

  /** Returns false when the client reads too slowly. */
  sendText(text: string): boolean {
    return this.sent(this.socket.write(text, "latin1"));
  }

  /**
   * In one write. Returns false when the client reads too slowly.
   *
   * @param head latin1, as `tail` is
   */
  sendBytes(head: string, bytes: Buffer, tail: string): boolean {
    if (head === "" && tail === "") return this.sent(this.socket.write(bytes));
    this.socket.cork();
    if (head !== "") this.socket.write(head, "latin1");
    let flowing = this.socket.write(bytes);
    if (tail !== "") flowing = this.socket.write(tail, "latin1");
    this.socket.uncork();
    return this.sent(flowing || this.socket.writableLength === 0);
  }

  private sent(flowing: boolean): boolean {
    if (!flowing && this.phase === Phase.exchange) {
      this.arm(this.timeouts.writeIdle);
    }
    return flowing;
  }

  whenSent(then: () => void): void {
    // A socket that was told to end tells of no drain.
    const waits = this.phase === Phase.lingering ? this.isSending : this.socket.writableNeedDrain;
    if (!waits || this.phase === Phase.closed) {
      then();
      return;
    }
    this.untilSent ??= [];
    this.untilSent.push(then);
  }

  private tellSent(): void {
    const waiting = this.untilSent;
    this.untilSent = null;
    for (const then of waiting ?? []) then();
  }

  becomeTunnel(tunnel: Tunnel): void {
    this.phase = Phase.tunnel;
    this.tunnel = tunnel;
    this.disarm();
    this.socket.allowHalfOpen = true;
    const held = this.held?.take() ?? null;
    if (held !== null) tunnel.onClientBytes(held);
    this.resumeReading();
  }

  endSending(): void {
    this.socket.end();
  }

  onExchangeDone(exchange: Exchange, then: "keep-alive" | "close" | "broken"): void {
    this.exchange = null;
    this.tunnel = null;
    this.gateway.onExchangeDone(exchange, this.side);
    if (this.phase === Phase.closed) return;
    this.disarm();
    if (then === "broken") this.breakOff();
    else if (then === "close") this.linger();
    else this.awaitNext();
  }

  onExchangeDetached(exchange: Exchange): void {
    this.exchange = null;
    this.gateway.onExchangeDetached(exchange, this.side);
    if (this.phase !== Phase.closed) this.breakOff();
  }

  // --- between requests

  private awaitNext(): void {
    this.phase = Phase.idle;
    if (this.isSendingLastResponse) this.arm(this.timeouts.writeIdle);
    else this.readNext();
  }

  private readNext(): void {
    this.arm(this.isLeaving ? leavingIdleTime : this.timeouts.keepAlive);
    const held = this.held?.take() ?? null;
    if (held !== null) this.readRequests(held, held.length);
    this.resumeReading();
  }

  /** To be closed soon: when idle it may bring one more request, but not wait for it long. */
  leave(): void {
    this.leaving = true;
    this.exchange?.attempts.hurry();
    if (this.isSendingLastResponse) return;
    if (this.phase === Phase.idle || this.phase === Phase.fresh) this.arm(leavingIdleTime);
  }

  // --- ends

  /** Answers bytes that are no request. */
  private refuse(error: ProxyError): void {
    this.reactor.metrics.messageRefused(error.code);
    if (this.exchange !== null) {
      this.exchange.fail(error);
      return;
    }
    this.gateway.onRefused(error, this.side);
    const context = { proxy: this.side.via, requestId: null, isHead: false, allow: null };
    this.sendText(errorReply(error, { ...context, connection: "close" }));
    this.linger();
  }

  /** Ends the connection so that what was sent still arrives: a reset would overtake it. */
  private linger(): void {
    this.phase = Phase.lingering;
    this.held = null;
    this.arm(this.isSending ? this.timeouts.writeIdle : lingerTime);
    this.socket.end(() => {
      this.tellSent();
      if (this.phase === Phase.lingering) this.arm(lingerTime);
    });
    this.socket.resume();
  }

  /** Ends the connection so that nobody takes what was sent for a whole message. */
  private breakOff(): void {
    this.phase = Phase.closed;
    this.disarm();
    // A reset is told from an end even where the end of the connection ends the body.
    if (this.scheme === "http" && this.socket.remoteAddress !== undefined) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  destroy(): void {
    this.socket.destroy();
    this.onSocketClosed();
  }

  private onTimeout(): void {
    if (this.phase === Phase.head) {
      const message = `Request head did not arrive in ${this.timeouts.head} ms`;
      this.refuse(new ProxyError("head_timeout", message, { source: "downstream" }));
    } else if (this.phase === Phase.exchange) {
      this.onExchangeTimeout();
    } else if (this.isSending) {
      this.breakOff();
    } else if (this.phase === Phase.idle) {
      this.linger();
    } else {
      this.destroy();
    }
  }

  private onExchangeTimeout(): void {
    if (this.socket.writableNeedDrain) {
      this.clientGone("client_stalled", "Client stopped reading");
    } else {
      const message = `Request body paused for ${this.timeouts.bodyIdle} ms`;
      this.exchange?.fail(new ProxyError("body_timeout", message, { source: "downstream" }));
    }
  }

  private clientGone(code: "client_gone" | "client_stalled", message: string): void {
    this.exchange?.onClientGone(new ProxyError(code, message, { source: "downstream" }));
    this.destroy();
  }

  onSocketEnd(): void {
    if (this.phase === Phase.tunnel) this.tunnel!.onClientEnd();
    else if (this.phase === Phase.exchange) this.clientGone("client_gone", "Client closed the connection");
  }

  onSocketClosed(): void {
    this.tellSent();
    if (this.phase === Phase.closed && this.exchange === null) {
      this.gateway.onConnectionClosed(this);
      return;
    }
    this.phase = Phase.closed;
    this.disarm();
    this.tunnel?.onClientClosed();
    this.exchange?.onClientGone(
      new ProxyError("client_gone", "Client closed the connection", { source: "downstream" }),
    );
    this.gateway.onConnectionClosed(this);
  }

  onSocketDrained(): void {
    this.tellSent();
    if (this.phase === Phase.tunnel) {
      this.tunnel!.onClientDrained();
    } else if (this.phase === Phase.exchange) {
      if (!this.reader.inBody) this.disarm();
      this.exchange!.onClientDrained();
    } else if (this.phase === Phase.idle) {
      this.readNext();
    }
  }

  private arm(ms: number): void {
    this.reactor.timers.arm(this.timer, ms);
  }

  private disarm(): void {
    this.reactor.timers.disarm(this.timer);
  }
}
