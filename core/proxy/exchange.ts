/**
 * One request and its response, from first byte to last:
 *
 *     head -> checks -> route -> [onRequest] -> fault -> cluster -> rewrite -> [onUpstream] -> endpoint -> connection -> request
 *                                    |
 *                                    +-> the route's own answer: redirect, respond
 *     client <- [onResponseBody] <- body <- [onResponse] <- response head <-
 *
 * Phases in brackets are there when policies are: core/proxy/exchange-policies.ts.
 */

// Not the global: in Node that is a getter, which costs as much as the clock.
import { performance } from "node:perf_hooks";
import { defaultPriority } from "../config/traffic-defaults.ts";
import { ProxyError, toProxyError } from "../errors.ts";
import type { Task } from "../net/turn.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import type { Priority } from "../upstream/overload/priority.ts";
import type { TunnelEnd } from "../upstream/receiver.ts";
import { keepsAlive } from "../wire/connection-options.ts";
import { Kind } from "../wire/field-kind.ts";
import { requestedUpgrade } from "../wire/forward/request.ts";
import { forwardInterim, forwardSwitch } from "../wire/forward/response.ts";
import { CHUNKED } from "../wire/framing.ts";
import type { BodyMode } from "../wire/message-reader.ts";
import type { RequestHead } from "../wire/request-head.ts";
import type { ResponseHead } from "../wire/response-head.ts";
import type { Trailers } from "../wire/trailers.ts";
import type { Attempt } from "./attempts/attempt.ts";
import { Attempts } from "./attempts/attempts.ts";
import { type ClusterChoice, clusterFor } from "./attempts/cluster-choice.ts";
import { bytesToKeep } from "./attempts/second-attempt.ts";
import { upstreamHead } from "./attempts/upstream-head.ts";
import { detach } from "./client/detach.ts";
import type { ExchangeClient } from "./client/exchange-client.ts";
import { clientScheme } from "./client/facts.ts";
import { Tunnel } from "./client/tunnel.ts";
import { ExchangePolicies } from "./exchange-policies.ts";
import { injectFault } from "./fault.ts";
import type { Generation, Route } from "./generation.ts";
import { RequestCopy } from "./mirror.ts";
import { RequestBody } from "./request/body.ts";
import { allowedBy, bodyTooLarge, checkRequest } from "./request/checks.ts";
import { limitTime } from "./request/deadline.ts";
import { requestIdOf } from "./request/id.ts";
import { admit, admitAgain } from "./request/priority.ts";
import { routingFields } from "./request/routing-fields.ts";
import { failurePage, wantsFailurePage } from "./response/failure-page.ts";
import { errorReply, type FailureContext } from "./response/local-reply.ts";
import { PlainResponse, type ResponseRelay } from "./response/plain-response.ts";
import { sendAnswer } from "./response/route-answer.ts";
import { ResponseWriter } from "./response/writer.ts";
import { isRefusal } from "./shedding.ts";

/** More interim responses than any protocol needs. */
const mostInterims = 32;

export class Exchange implements Task {
  client: ExchangeClient;
  readonly head: RequestHead;
  requestId: string;
  readonly startedAt = performance.now();
  readonly requestBody = new RequestBody();
  readonly generation: Generation;
  readonly writer: ResponseWriter;
  /** Whether a policy had the request sent again, for nobody. */
  isRefresh = false;
  /** Whether it is finished even when its client leaves: others wait for what it brings. */
  outlivesClient = false;
  /** Status that the client saw, 0 before there is one. */
  status = 0;
  error: ProxyError | null = null;
  route: Route | null = null;
  /** Of the route, of its header, or of a policy. */
  priority: Priority = defaultPriority;
  /** Of a split; null: none was asked. */
  choice: ClusterChoice | null = null;
  /** With which it was taken though the event loop is behind. */
  admittedAs: Priority = defaultPriority;
  /** What decides then; 0 while it was not. */
  luck = 0;
  readonly attempts = new Attempts(this);
  /** Null while no policy has anything to do with this exchange. */
  policies: ExchangePolicies | null = null;
  upstream: UpstreamConnection | null = null;
  /** For the mirrors of the route; null: it has none, or nothing was sent yet. */
  private copy: RequestCopy | null = null;
  /** Protocol that the connection is to become a tunnel for; null: none. */
  upgrade: string | null = null;
  private response: ResponseRelay | null = null;
  private interims = 0;
  private closesClient = false;
  private responseEnded = false;
  private finished = false;

  constructor(client: ExchangeClient, head: RequestHead, generation: Generation) {
    this.client = client;
    this.head = head;
    this.generation = generation;
    // Whichever route it comes to: that is not known yet when its body begins.
    this.requestBody.isChunked = generation.readsRequestBodies && head.contentLength === CHUNKED;
    this.writer = new ResponseWriter(client);
    this.requestId = requestIdOf(head, client.side.trusted);
  }

  /** One for the same request on the same route, which nobody has sent. */
  again(client: ExchangeClient): Exchange {
    const again = new Exchange(client, this.head, this.generation);
    again.isRefresh = true;
    again.route = this.route;
    return again;
  }

  /** As it goes upstream. */
  get method(): string {
    return this.policies === null ? this.head.method : this.policies.attempt.method;
  }

  get bytesOut(): number {
    return this.writer.bytesOut;
  }

  /** Whether the client got any byte of a response. */
  get hasAnswered(): boolean {
    return this.status !== 0 || this.interims > 0;
  }

  get isFinished(): boolean {
    return this.finished;
  }

  // --- request: at the end of the turn in which its head arrived

  run(): void {
    if (this.finished) return;
    if (this.responseEnded) this.flush();
    else this.begin();
  }

  private begin(): void {
    try {
      const { head, generation } = this;
      checkRequest(head, generation.config);
      this.route = this.findRoute(head.method, head.authority, head.path, head.query);
      this.upgrade = requestedUpgrade(head, generation.config.forwarding.upgrades);
      admit(this, this.route);
      limitTime(this, this.route.config);
      if (this.route.plan === null) this.proceed();
      else this.beginPolicies(this.route);
    } catch (error) {
      this.fail(toProxyError(error, "handle request"));
    }
  }

  /** @throws ProxyError route_not_found, method_not_allowed */
  findRoute(method: string, authority: string, path: string, query: string): Route {
    const { table, routes } = this.generation;
    const scheme = table.readsScheme ? clientScheme(this.head, this.client.side) : null;
    const index = table.match(authority, path, method, routingFields(this.head, query, scheme));
    const route = routes[index];
    if (route !== undefined) return route;
    const code = index === -1 ? "route_not_found" : "method_not_allowed";
    throw new ProxyError(code, `${method} ${path} matches no route`, { source: "downstream" });
  }

  /** They call back: `attempts.begin` when the request may go on, `respond` or `fail` when not. */
  private beginPolicies(route: Route): void {
    this.policies = new ExchangePolicies(this, route);
    this.policies.onRequest();
  }

  /** No policy has anything against the request. */
  proceed(): void {
    const { config, answer } = this.route!;
    if (this.policies !== null && !admitAgain(this, this.route!)) return;
    if (config.fault !== null) injectFault(this, config.fault);
    else if (this.policies !== null) this.policies.onUpstream();
    else if (answer !== null) sendAnswer(this, answer);
    else this.attempts.begin(clusterFor(this), null);
  }

  /**
   * Sends the request, or what there is of it.
   *
   * @param headTime ms until the response head; 0: as the cluster says
   */
  sendTo(attempt: Attempt, connection: UpstreamConnection, headTime: number): void {
    if (this.attempts.isCurrent(attempt)) this.upstream = connection;
    connection.start(attempt, this.requestId, headTime);
    this.requestBody.replay = bytesToKeep(this, attempt.method);
    const head = upstreamHead(this, attempt, headTime);
    const { mirrors } = this.route!;
    if (mirrors !== null && this.upgrade === null) this.copy ??= new RequestCopy(this, mirrors, head);
    const flowing = this.requestBody.sendBehind(head, connection);
    if (flowing) this.resumeClient();
  }

  /**
   * Part of the request body arrived.
   *
   * @param length of the body so far
   */
  onRequestBody(bytes: Buffer, length: number): void {
    if (this.finished) return;
    this.requestBody.length += bytes.length;
    const limit = this.generation.config.limits.requestBody;
    if (length > limit) {
      this.fail(bodyTooLarge(limit));
      return;
    }
    const flowing =
      this.policies === null
        ? this.requestBody.add(bytes, this.upstream)
        : this.policies.requestFlow.onBytes(bytes, length);
    if (!flowing) this.client.pauseReading();
  }

  onRequestEnd(trailers: Trailers): void {
    this.requestBody.received = true;
    this.attempts.onRequestEnd();
    if (this.policies === null) this.requestBody.end(trailers, this.upstream);
    else this.policies.requestFlow.onEnd(trailers);
  }

  onSendDrained(): void {
    this.resumeClient();
  }

  private resumeClient(): void {
    if (this.policies?.requestFlow.onEndpointFlows() ?? true) this.client.resumeReading();
  }

  // --- response

  onResponseHead(head: ResponseHead): BodyMode {
    if (head.isInterim) {
      this.passInterim(head);
      return "raw";
    }
    this.requestBody.forget();
    if (this.policies?.seesResponse) {
      this.response = this.policies.onResponse(head);
      return "decoded";
    }
    const response = new PlainResponse(this);
    this.response = response;
    return response.begin(head);
  }

  onResponseBody(bytes: Buffer, start: number, end: number): void {
    this.response!.onBody(bytes, start, end);
  }

  onResponseEnd(trailers: Trailers): void {
    this.response!.onEnd(trailers);
  }

  onReadDone(): void {
    if (this.response === null) this.flush();
    else this.response.onReadDone();
  }

  /** The client has read what was sent. */
  onClientDrained(): void {
    this.response?.onClientDrained();
  }

  /**
   * The response is about to be written. Returns what its Connection field says.
   *
   * @param closes whether the body is delimited by the end of the connection
   */
  beginResponse(status: number, closes: boolean): "" | "close" | "keep-alive" {
    this.status = status;
    this.closesClient = closes || this.mustCloseClient();
    return this.connectionField();
  }

  /** The policies answer, and not the endpoint. */
  respondBy(response: ResponseRelay): void {
    this.response = response;
  }

  /** Everything that the client is to get was written. */
  endResponse(): void {
    this.responseEnded = true;
    this.flush();
  }

  /** The same for a response whose connection belongs to its pool again. What ends in this turn is sent
   * together: fewer wake-ups, 0.2 of 14.5 µs a small request (`npm run bench -- --rows small`). */
  endResponseInTurn(): void {
    this.responseEnded = true;
    this.upstream = null;
    this.client.reactor.turn.schedule(this);
  }

  /** Returns false when the client reads too slowly. */
  flush(): boolean {
    const flowing = this.writer.flush();
    if (!flowing) this.holdUpstream();
    if (this.responseEnded) this.finish();
    return flowing;
  }

  /** The client reads more slowly than the endpoint sends. */
  holdUpstream(): void {
    if (!this.responseEnded && !this.policies?.bodies.recordings.isFollowed) this.upstream?.pause();
  }

  private passInterim(head: ResponseHead): void {
    if (++this.interims > mostInterims) {
      throw new ProxyError("interim_flood", "Too many interim responses", { source: "upstream" });
    }
    if (head.status === 101) {
      this.switchProtocols(head);
    } else if (this.head.minor === 1) {
      // RFC 9110 section 15.2: an HTTP/1.0 client does not know them.
      this.writer.interim(forwardInterim(head));
    }
  }

  private switchProtocols(head: ResponseHead): void {
    if (this.upgrade === null) {
      throw new ProxyError("upgrade_unexpected", "Endpoint switched protocols unasked", {
        source: "upstream",
      });
    }
    this.attempts.onSwitched();
    this.status = 101;
    this.writer.interim(forwardSwitch(head, this.upgrade, this.client.side.via));
  }

  onSwitched(surplus: Buffer): TunnelEnd {
    this.flush();
    const tunnel = new Tunnel(this.client, this.upstream!, this.generation.config.timeouts.tunnelIdle, this);
    this.client.becomeTunnel(tunnel);
    if (surplus.length > 0) tunnel.onTunnelBytes(surplus, surplus.length);
    return tunnel;
  }

  // --- failures

  /** Ends the exchange with a local reply, or by breaking off the response that has begun. */
  fail(error: ProxyError): void {
    if (this.finished) return;
    this.error = error;
    this.leaveUpstream();
    if (this.writer.answered && this.status !== 0) {
      // The client must see a broken message, never a complete-looking short one.
      this.finish();
      return;
    }
    this.writer.discard();
    if (this.policies?.onFailure(error)) return;
    this.status = error.status;
    this.closesClient = this.mustCloseClient() || error.code === "body_timeout";
    const reply = this.replyFor(error);
    this.writer.bytesOut = reply.length - reply.indexOf("\r\n\r\n") - 4;
    this.client.sendText(reply);
    this.responseEnded = true;
    this.finish();
  }

  /** The client closed its connection, or stopped reading: nobody waits for the response. */
  onClientGone(error: ProxyError): void {
    if (this.finished) return;
    const isWanted = this.outlivesClient || this.policies?.bodies.recordings.isFollowed;
    if (isWanted && detach(this, error)) return;
    this.error = error;
    this.attempts.onClientGone();
    if (this.status === 0) this.status = error.status;
    this.leaveUpstream();
    this.finish();
  }

  /** Somebody takes the place of the client, who is gone, and what the client was slow to read goes on. */
  changeClient(client: ExchangeClient): void {
    this.client = client;
    this.writer.changeClient(client);
    this.onClientDrained();
  }

  leaveUpstream(): void {
    this.upstream?.abandon();
    this.attempts.cancel();
    this.upstream = null;
  }

  // --- end

  /** Of a tunnel: both sides are done. */
  onTunnelFinished(bytesIn: number, bytesOut: number): void {
    this.requestBody.length = bytesIn;
    this.writer.bytesOut = bytesOut;
    this.responseEnded = true;
    this.closesClient = true;
    this.finish();
  }

  private finish(): void {
    if (this.finished) return;
    this.finished = true;
    this.upstream = null;
    this.attempts.end();
    this.copy?.giveUp();
    const broken = !this.responseEnded;
    this.client.onExchangeDone(this, broken ? "broken" : this.closesClient ? "close" : "keep-alive");
    this.policies?.end(this.error === null ? "" : this.error.title);
    this.generation.end();
  }

  private replyFor(error: ProxyError): string {
    const context = {
      ...this.failureContext(error),
      isHead: this.head.method === "HEAD",
      connection: this.connectionField(),
    };
    const showsFailure =
      this.generation.config.plugins.showFailures === true && wantsFailurePage(error, this.head);
    return errorReply(error, context, showsFailure ? failurePage(error) : null);
  }

  failureContext(error: ProxyError): FailureContext {
    return {
      proxy: this.client.side.via,
      requestId: this.requestId,
      allow: error.code === "method_not_allowed" ? allowedBy(this.head, this.generation.table) : null,
      ...(isRefusal(error) && { retryAfter: this.client.gateway.shedding.retryAfter() }),
    };
  }

  private mustCloseClient(): boolean {
    return (
      !this.requestBody.received || !keepsAlive(this.head, this.head.connection) || this.client.isLeaving
    );
  }

  private connectionField(): "" | "close" | "keep-alive" {
    if (this.closesClient) return "close";
    return this.head.minor === 0 ? "keep-alive" : "";
  }

  /** Whether the client waits for 100 before it sends its body (RFC 9110 section 10.1.1). */
  get expectsContinue(): boolean {
    return this.head.minor === 1 && (this.head.kinds & Kind.expect) !== 0;
  }
}
