import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { HostCallError } from "../error.ts";
import { demandGrant, type Grant } from "../outbound/grant.ts";
import { parseTarget, type Target, targetHref } from "../outbound/target.ts";
import type { Turns } from "../turns.ts";
import { BodyReader } from "./body-reader.ts";
import { BodyWriter } from "./body-writer.ts";
import type { ByteBudget } from "./budget.ts";
import { contentCodings, decodeBody } from "./decode.ts";
import { fetchFailure } from "./failure.ts";
import { fieldValues, responseFields, withDefaultFields } from "./fields.ts";
import { gatherAll, gatherPromptly } from "./gather.ts";
import { type FetchLimits, mostRedirects, partBytes } from "./limits.ts";
import { type FetchReply, type FetchRequest, formatFetchReply, formatShortReply } from "./message.ts";
import { followRedirect, type Hop, isRedirect } from "./redirect.ts";

/** Where requests go: the network, or what stands in for it. */
export interface Outbound {
  request(options: Dispatcher.RequestOptions): Promise<OutboundResponse>;
  /** Ends everything that is under way. */
  destroy(): Promise<void>;
}

/** As undici's `request` gives it when asked for `raw` fields. */
export interface OutboundResponse {
  readonly statusCode: number;
  readonly statusText: string;
  /** Name, value, name, value: undici's types do not tell. */
  readonly headers: unknown;
  readonly body: Readable & { dump(options: { limit: number; signal: AbortSignal }): Promise<unknown> };
}

/** What the calls of one guest have in common. */
export interface CallContext {
  readonly outbound: Outbound;
  readonly grants: readonly Grant[];
  readonly limits: FetchLimits;
  readonly budget: ByteBudget;
  /** So many calls may be under way; the others wait. */
  readonly turns: Turns;
}

/** What is known of a call when it is over. */
export interface CallRecord {
  readonly method: string;
  /** Of the last request; null when the URL was refused. */
  readonly origin: string | null;
  /** Null when no response came. */
  readonly status: number | null;
  readonly redirects: number;
  readonly failure: unknown;
}

interface Answer {
  readonly hop: Hop;
  readonly response: OutboundResponse;
}

const noBodyStatuses: readonly number[] = [204, 205, 304];

/** Bytes of a redirect's body that are read for the sake of its connection. */
const redirectBodyBytes = 16 * 2 ** 10;

/**
 * One fetch, from the request to the last byte of the response. It is over when the body was read, when it
 * failed, when the guest gave it up, or when its time is up; `onOver` is called once.
 */
export class FetchCall {
  private readonly context: CallContext;
  private readonly onOver: (record: CallRecord) => void;
  private readonly ending = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private writer: BodyWriter | null = null;
  private reader: BodyReader | null = null;
  private target: Target | null = null;
  private method = "";
  private status: number | null = null;
  private redirects = 0;
  /** Bytes of the request: its body, and its head if it has to wait. */
  private held = 0;
  private hasTurn = false;
  private isOver = false;

  constructor(context: CallContext, onOver: (record: CallRecord) => void) {
    this.context = context;
    this.onOver = onOver;
    const { timeoutMs } = context.limits;
    this.timer = setTimeout(
      () => this.end(new HostCallError("TimeoutError", `not complete after ${timeoutMs} ms`)),
      timeoutMs,
    );
  }

  /**
   * Sends the request and follows redirects.
   *
   * @returns the reply for the guest
   * @throws HostCallError
   */
  run(request: FetchRequest): Promise<string> {
    return this.guarded(async () => {
      this.method = request.method;
      if (request.body instanceof Uint8Array) this.hold(request.body.byteLength);
      if (request.body === "stream") this.writer = new BodyWriter(this.context.limits.requestBytes);
      await this.takeTurn(request);
      const answer = await this.ask(request);
      return this.reply(answer);
    });
  }

  /** The next part of the response body; null at its end. */
  read(): Promise<Uint8Array | null> {
    return this.guarded(() => this.nextPart());
  }

  /** The rest of the response body. */
  readAll(): Promise<Uint8Array> {
    return this.guarded(() => gatherAll(() => this.nextPart(), this.context.budget));
  }

  /**
   * Takes a part of a streamed request body. One that comes too late is refused, and the call goes on: its
   * response is under way.
   */
  async write(part: Uint8Array): Promise<void> {
    const { writer } = this;
    if (!writer || writer.isOver) throw new HostCallError("TypeError", "fetch failed: request is over");
    return this.guarded(() => writer.write(part));
  }

  endBody(): void {
    this.writer?.end();
  }

  /**
   * Ends the call; nothing of it is left behind.
   *
   * @param failure null when all went well
   */
  end(failure: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.timer);
    this.context.budget.give(this.held);
    // A call that ended well has nothing to abort but a request body that its server did not wait for.
    if (failure !== null) this.ending.abort(failure);
    this.reader?.close();
    this.writer?.close();
    if (this.hasTurn) this.context.turns.leave();
    const { method, status, redirects } = this;
    this.onOver({ method, origin: this.target?.origin ?? null, status, redirects, failure });
  }

  private async takeTurn(request: FetchRequest): Promise<void> {
    const { turns } = this.context;
    // Many that wait hold as much as few bodies would.
    if (turns.mustWait) this.hold(headSize(request));
    const turn = turns.enter(this.ending.signal);
    if (turn !== null) await turn;
    // It may have ended in between.
    if (this.isOver) turns.leave();
    else this.hasTurn = true;
    this.ending.signal.throwIfAborted();
  }

  private async nextPart(): Promise<Uint8Array | null> {
    const part = (await this.reader?.next()) ?? null;
    if (part === null) this.end(null);
    return part;
  }

  private hold(bytes: number): void {
    this.context.budget.take(bytes);
    this.held += bytes;
  }

  private async ask(request: FetchRequest): Promise<Answer> {
    let hop: Hop = { ...request, target: parseTarget(request.url) };
    for (;;) {
      const response = await this.send(hop);
      const locations = fieldValues(rawFields(response), "location");
      if (request.redirect === "manual" || !isRedirect(response.statusCode, locations)) {
        return { hop, response };
      }
      response.body.on("error", () => {});
      if (request.redirect === "error") throw new HostCallError("TypeError", "response is a redirect");
      if (++this.redirects > mostRedirects) throw tooManyRedirects();
      hop = followRedirect(hop, response.statusCode, locations);
      await response.body.dump({ limit: redirectBodyBytes, signal: this.ending.signal });
    }
  }

  /** Every request passes here, also those that a redirect led to. */
  private async send({ target, method, fields, body }: Hop): Promise<OutboundResponse> {
    this.target = target;
    demandGrant(this.context.grants, target);
    const response = await this.unlessEnded({
      origin: target.origin,
      path: target.path,
      method: method as Dispatcher.HttpMethod,
      headers: withDefaultFields(fields).flat(),
      body: body === "stream" ? this.writer!.stream : body,
      signal: this.ending.signal,
      responseHeaders: "raw",
      highWaterMark: partBytes,
    });
    this.status = response.statusCode;
    if (response.statusCode > 599) throw unknownStatus(response.statusCode);
    return response;
  }

  /** undici gives up a request that waits for its connection only when the connection is there. */
  private unlessEnded(options: Dispatcher.RequestOptions): Promise<OutboundResponse> {
    const { signal } = this.ending;
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      this.context.outbound.request(options).then(resolve, reject);
    });
  }

  private async reply({ hop, response }: Answer): Promise<string> {
    const raw = rawFields(response);
    const hasBody = hop.method !== "HEAD" && !noBodyStatuses.includes(response.statusCode);
    const isEmpty = !hasBody || fieldValues(raw, "content-length").includes("0");
    const codings = isEmpty ? [] : contentCodings(fieldValues(raw, "content-encoding"));
    const head = {
      status: response.statusCode,
      statusText: response.statusText,
      url: targetHref(hop.target),
      redirected: this.redirects > 0,
      headers: responseFields(raw, codings.length > 0),
    };
    const { responseBytes } = this.context.limits;
    this.reader = new BodyReader(decodeBody(response.body, codings, responseBytes), responseBytes);
    return this.replyWithBody(head, this.reader, hasBody);
  }

  /** A body that is soon complete travels with the head: no second crossing, and nothing to clean up. */
  private async replyWithBody(
    head: Omit<FetchReply, "body">,
    reader: BodyReader,
    hasBody: boolean,
  ): Promise<string> {
    const body = await gatherPromptly(reader, this.context.limits.headWaitMs);
    if (body === null) return formatFetchReply({ ...head, body: "stream" }, "");
    this.end(null);
    return hasBody ? formatShortReply(head, body) : formatFetchReply({ ...head, body: "none" }, "");
  }

  /** Failures of undici and of streams become failures of the call, and those become the guest's. */
  private async guarded<T>(act: () => Promise<T>): Promise<T> {
    try {
      if (this.isOver && this.ending.signal.aborted) throw this.ending.signal.reason;
      return await act();
    } catch (error) {
      const cause = this.ending.signal.aborted ? this.ending.signal.reason : error;
      this.end(cause);
      throw fetchFailure(cause, this.target ? `${this.method} ${this.target.origin}` : "");
    }
  }
}

function rawFields({ headers }: OutboundResponse): readonly string[] {
  return headers as readonly string[];
}

function headSize({ url, fields }: FetchRequest): number {
  return fields.reduce((sum, [name, value]) => sum + name.length + value.length, url.length);
}

function tooManyRedirects(): HostCallError {
  return new HostCallError("TypeError", `more than ${mostRedirects} redirects`);
}

function unknownStatus(status: number): HostCallError {
  return new HostCallError("TypeError", `response has the status ${status}`);
}
