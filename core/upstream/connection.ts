/**
 * One connection to an endpoint: sends one request at a time and reads its response. It
 * goes back to its pool only after a fully framed, fully read response with nothing left
 * over; bytes that arrive while no request is in flight end it (CVE-2026-48931).
 */
import type { Socket } from "node:net";
import type { Limits } from "../config/model.ts";
import { type ProxyError, toProxyError } from "../errors.ts";
import { toConnectError } from "../net/connect-error.ts";
import { readyEvent } from "../net/connector.ts";
import { keepReadingAfterWriteError } from "../net/keep-reading.ts";
import { Timer } from "../net/timers.ts";
import { keepsAlive } from "../wire/connection-options.ts";
import { UNTIL_CLOSE } from "../wire/framing.ts";
import { type BodyMode, type MessageSink, ResponseReader } from "../wire/message-reader.ts";
import type { ResponseHead } from "../wire/response-head.ts";
import { answeredAgain, answerTimedOut, connectionLost, connectTimedOut } from "./connection-failures.ts";
import type { Endpoint } from "./endpoint.ts";
import { HeadWait } from "./head-wait.ts";
import { keepAliveTimeout } from "./keep-alive-timeout.ts";
import { ReadMemory } from "./read-memory.ts";
import type { ResponseReceiver, TunnelEnd } from "./receiver.ts";

/** How long an endpoint may take to read the end of a tunnel, in ms. */
const lastSendingTime = 2000;

const State = { connecting: 0, idle: 1, busy: 2, tunnel: 3, closed: 4 } as const;

export class UpstreamConnection implements MessageSink<ResponseHead> {
  readonly endpoint: Endpoint;
  readonly memory: ReadMemory;
  /** Turn from which on it may carry another request; see Turn.mark. */
  settledFrom = 0;
  /** Requests it has carried. */
  served = 0;
  private readonly socket: Socket;
  private readonly reader: ResponseReader;
  private readonly timer: Timer;
  private readonly headWait: HeadWait;
  private state: number = State.connecting;
  private receiver: ResponseReceiver | null = null;
  private tunnelEnd: TunnelEnd | null = null;
  private requestId = "";
  /** Whether its first response, which can answer no other request, carried the request's id. */
  private echoes = false;
  private requestSent = false;
  private sendingFailed = false;
  /** A write met the reset of the connection: the end that is read next is none that the endpoint sent. */
  private wasReset = false;
  private responseStarted = false;
  private hasFinalHead = false;
  private responseDone = false;
  private mayReuse = false;
  private keepAliveHint = 0;
  private paused = false;

  constructor(endpoint: Endpoint, limits: Limits) {
    this.endpoint = endpoint;
    this.memory = new ReadMemory(endpoint.reactor.readBuffers);
    this.reader = new ResponseReader(limits, this);
    this.timer = new Timer(() => this.onTimeout());
    this.headWait = new HeadWait(endpoint);
    this.socket = endpoint.reactor.connect(endpoint.target, {
      buffer: () => this.bufferForNextRead(),
      callback: (length, bytes) => this.onRead(bytes as Buffer, length),
    });
    keepReadingAfterWriteError(this.socket);
    this.socket.once(readyEvent(endpoint.target), () => this.onConnected());
    this.socket.on("end", () => this.onSocketEnd());
    this.socket.on("error", (error) => this.onError(error));
    this.socket.on("close", () => this.onClose());
    this.socket.on("drain", () => this.onDrain());
    this.arm(endpoint.timeouts.connect);
  }

  /** Whether another request was carried before this one. */
  get isReused(): boolean {
    return this.served > 1;
  }

  /** Whether bytes wait in this process for the endpoint to read. */
  get isSending(): boolean {
    return this.socket.writableLength > 0;
  }

  /**
   * Takes a request on: its head follows, with what there is of its body.
   *
   * @param headTime ms until the response head; 0: as the cluster says
   */
  start(receiver: ResponseReceiver, requestId: string, headTime = 0): void {
    this.receiver = receiver;
    this.state = State.busy;
    this.served++;
    this.requestId = requestId;
    this.requestSent = false;
    this.responseStarted = false;
    this.hasFinalHead = false;
    this.responseDone = false;
    this.mayReuse = false;
    this.reader.expectResponseTo(receiver.method);
    this.endpoint.onRequest();
    this.arm(this.headWait.begin(headTime));
  }

  /** Returns false when the endpoint reads more slowly than this is called. */
  sendText(text: string): boolean {
    return this.socket.write(text, "latin1");
  }

  sendBytes(bytes: Buffer): boolean {
    if (!this.hasFinalHead) this.arm(this.headWait.beginBlind());
    return this.socket.write(bytes);
  }

  /** Holds writes back until `uncork`, to send them as one. */
  cork(): void {
    this.socket.cork();
  }

  uncork(): void {
    this.socket.uncork();
  }

  /** The whole request was sent. */
  finishSending(): void {
    this.requestSent = true;
    // A body that came in parts has put off everything.
    const isWaiting = this.state === State.busy && !this.hasFinalHead;
    if (isWaiting && !this.headWait.looks) this.arm(this.headWait.beginAgain());
  }

  /** Of a tunnel: nothing more will be sent. */
  endSending(): void {
    this.socket.end();
  }

  /** Of a tunnel: what was sent still leaves, then the connection ends. */
  closeAfterSending(): void {
    this.tunnelEnd = null;
    this.leavePool();
    this.arm(lastSendingTime);
    this.socket.destroySoon();
  }

  /** Stops reading: the client does not keep up. */
  pause(): void {
    if (this.paused) return;
    this.paused = true;
    if (this.state === State.busy) this.endpoint.reactor.timers.disarm(this.timer);
    this.socket.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.state === State.busy) this.armWhileReading();
    this.socket.resume();
  }

  /**
   * Whoever hears of the response is another one from here on.
   *
   * @param headTime ms until the response head, from now
   */
  handTo(receiver: ResponseReceiver, headTime: number): void {
    this.receiver = receiver;
    this.arm(this.headWait.beginBlind(headTime));
  }

  /** Gives up on the request that it carries; the receiver hears nothing more. */
  abandon(): void {
    this.receiver = null;
    this.close();
  }

  close(): void {
    this.socket.destroy();
    this.endpoint.reactor.timers.disarm(this.timer);
    if (this.state === State.closed) return;
    this.leavePool();
    this.tunnelEnd?.onTunnelClosed();
  }

  private leavePool(): void {
    const { state } = this;
    if (state === State.closed) return;
    if (state === State.busy && !this.hasFinalHead) this.endpoint.onRequestDone();
    this.state = State.closed;
    this.endpoint.reactor.timers.disarm(this.timer);
    this.endpoint.pool.removed(this, poolState(state));
  }

  private bufferForNextRead(): Buffer {
    const isLong = this.state === State.busy ? this.reader.inBody : this.state === State.tunnel;
    return this.memory.next(isLong);
  }

  // --- from the socket

  private onConnected(): void {
    if (this.state !== State.connecting) return;
    this.becomeIdle();
    this.endpoint.pool.connected(this);
  }

  private onRead(bytes: Buffer, length: number): boolean {
    if (this.state === State.tunnel) {
      this.tunnelEnd!.onTunnelBytes(bytes, length);
      return !this.paused;
    }
    if (this.state === State.closed) return false;
    if (this.state !== State.busy) {
      this.refuseSurplus();
      return true;
    }
    try {
      this.readResponse(bytes, length);
    } catch (error) {
      const refusal = toProxyError(error, "handle response");
      this.endpoint.reactor.metrics.messageRefused(refusal.code);
      this.fail(refusal);
    }
    return !this.paused;
  }

  private readResponse(bytes: Buffer, length: number): void {
    this.responseStarted = true;
    let at = 0;
    while (at < length && !this.responseDone && this.state === State.busy) {
      at = this.reader.read(bytes, at, length);
      if (this.reader.switched) {
        this.becomeTunnel(Buffer.from(bytes.subarray(at, length)));
        return;
      }
    }
    if (this.state !== State.busy) return;
    const receiver = this.receiver;
    if (this.responseDone) this.release(length - at);
    // The time to the head runs on: a head that trickles in is no answer.
    else if (this.hasFinalHead && !this.paused) this.armWhileReading();
    receiver?.onReadDone();
  }

  private becomeTunnel(surplus: Buffer): void {
    const receiver = this.receiver!;
    this.receiver = null;
    this.state = State.tunnel;
    this.endpoint.onRequestDone();
    this.endpoint.reactor.timers.disarm(this.timer);
    this.socket.allowHalfOpen = true;
    this.tunnelEnd = receiver.onSwitched(surplus);
  }

  private onDrain(): void {
    if (this.state === State.tunnel) this.tunnelEnd!.onTunnelDrained();
    else this.receiver?.onSendDrained();
  }

  private onSocketEnd(): void {
    if (this.state === State.tunnel) this.tunnelEnd!.onTunnelEnd();
    else if (this.state === State.busy) this.endResponse();
    else this.onClose();
  }

  /** The end of the connection ends a response that has no other end, and breaks any other. */
  private endResponse(): void {
    if (this.wasReset && this.reader.endsWithConnection) {
      this.onClose();
      return;
    }
    try {
      this.reader.end();
    } catch (error) {
      this.fail(toProxyError(error, "handle response"));
      return;
    }
    if (!this.responseDone) {
      this.onClose();
      return;
    }
    const { receiver } = this;
    this.receiver = null;
    this.close();
    receiver?.onReadDone();
  }

  private onError(error: unknown): void {
    if (this.state === State.connecting) {
      this.failConnecting(toConnectError(error, this.endpoint.name));
    } else if (this.state !== State.busy) {
      this.close();
    } else if ((error as NodeJS.ErrnoException).syscall === "write") {
      // Its response may have come already; if not, the connection ends without it.
      this.sendingFailed = true;
      this.wasReset ||= tellsReset((error as NodeJS.ErrnoException).code);
    } else {
      this.fail(this.lostConnection(error));
    }
  }

  private onClose(): void {
    if (this.state === State.connecting) {
      const cause = new Error("connection closed before it was established");
      this.failConnecting(toConnectError(cause, this.endpoint.name));
    } else if (this.state === State.busy) {
      this.fail(this.lostConnection(undefined));
    } else {
      this.close();
    }
  }

  private onTimeout(): void {
    if (this.state === State.connecting) {
      this.failConnecting(connectTimedOut(this.endpoint));
    } else if (this.state === State.busy && this.headWait.looks && !this.hasFinalHead) {
      this.lookAtEndpoint();
    } else if (this.state === State.busy) {
      this.fail(answerTimedOut(this.endpoint, this.hasFinalHead));
    } else {
      this.close();
    }
  }

  /** No response yet: if the endpoint answers nobody, the receiver may go elsewhere. If it does, this looks again. */
  private lookAtEndpoint(): void {
    const { endpoint, headWait } = this;
    if (headWait.look(performance.now()) && this.receiver!.onStalled(endpoint.isSilent())) this.abandon();
    else this.arm(headWait.goOn());
  }

  // --- from the reader

  onHead(head: ResponseHead): BodyMode {
    if (head.isInterim) return this.receiver!.onResponseHead(head);
    this.assertAnswersThisRequest(head);
    this.hasFinalHead = true;
    this.endpoint.onRequestDone();
    this.mayReuse =
      keepsAlive(head, head.connection) && head.minor === 1 && head.contentLength !== UNTIL_CLOSE;
    if (this.served === 1) this.keepAliveHint = keepAliveTimeout(head);
    return this.receiver!.onResponseHead(head);
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    this.receiver?.onResponseBody(bytes, start, end);
  }

  onEnd(trailers: readonly (readonly [name: string, value: string])[]): void {
    this.responseDone = true;
    this.receiver?.onResponseEnd(trailers);
  }

  /**
   * An endpoint that echoes X-Request-Id tells when an extra response to an earlier request
   * would answer this one. A cache behind it may echo an earlier id as well: hence a request
   * that may be sent twice is sent again, on a connection where no extra response can be.
   */
  private assertAnswersThisRequest(head: ResponseHead): void {
    const echoed = head.echoedRequestId;
    if (this.served === 1) this.echoes = echoed === this.requestId;
    if (!this.echoes || echoed === null || echoed === this.requestId) return;
    this.endpoint.distrust();
    throw answeredAgain(this.endpoint);
  }

  // --- ends

  private release(surplus: number): void {
    this.receiver = null;
    if (surplus > 0) {
      this.refuseSurplus();
    } else if (this.mayReuse && this.isSent && this.endpoint.trusts(this.echoes)) {
      this.becomeIdle();
      this.endpoint.pool.released(this);
    } else {
      this.close();
    }
  }

  /** Whether nothing of the request is left to send. */
  private get isSent(): boolean {
    return this.requestSent && !this.sendingFailed && !this.isSending;
  }

  private becomeIdle(): void {
    // A slow client may have paused it with the last bytes of its response.
    this.resume();
    this.state = State.idle;
    const { timeouts } = this.endpoint;
    this.arm(this.keepAliveHint > 0 ? Math.min(this.keepAliveHint, timeouts.poolIdle) : timeouts.poolIdle);
  }

  private refuseSurplus(): void {
    this.endpoint.reportSurplus();
    this.close();
  }

  private fail(error: ProxyError): void {
    const receiver = this.receiver;
    this.receiver = null;
    this.close();
    receiver?.onResponseFailed(error);
  }

  private failConnecting(error: ProxyError): void {
    this.close();
    this.endpoint.pool.connectFailed(this, error);
  }

  private lostConnection(cause: unknown): ProxyError {
    return connectionLost(this.endpoint, this.responseStarted, this.isReused, cause);
  }

  private armWhileReading(): void {
    const { responseIdle } = this.endpoint.timeouts;
    this.arm(this.hasFinalHead ? responseIdle : this.headWait.beginBlind());
  }

  private arm(ms: number): void {
    this.endpoint.reactor.timers.arm(this.timer, ms);
  }
}

/** Behind an end that the endpoint sent, a write fails with EPIPE. Deno writes again when the first try failed, which gives EPIPE for a reset, too. */
function tellsReset(code: string | undefined): boolean {
  return code === "ECONNRESET" || (code === "EPIPE" && "deno" in process.versions);
}

function poolState(state: number): "connecting" | "idle" | "busy" {
  if (state === State.connecting) return "connecting";
  return state === State.idle ? "idle" : "busy";
}
