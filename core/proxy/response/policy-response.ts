/** A response where policies are: its body waits until they have seen the head, and may change on its way. */
import { ProxyError } from "../../errors.ts";
import { freeMemory } from "../../net/free-memory.ts";
import { isAscii, textInLatin1 } from "../../policy/body/arrived-text.ts";
import { responseBodyFailures } from "../../policy/body/failures.ts";
import { GuestBody, type GuestBodyListener } from "../../policy/body/guest-body.ts";
import type { BodyListener, BodyPipe } from "../../policy/body/pipe.ts";
import { BodyReadings, bodyWentOn, exchangeIsOver } from "../../policy/body/readings.ts";
import { isStreamed, StoredSource } from "../../policy/body/stored-source.ts";
import { editFields } from "../../policy/field-edits.ts";
import type { Policy } from "../../policy/policy.ts";
import type { ResponseDraft } from "../../policy/response-draft.ts";
import { StoredBody } from "../../store/responses/stored-body.ts";
import type { ReadLoan } from "../../upstream/read-memory.ts";
import { receivedContentLength, writeResponse } from "../../wire/forward/response.ts";
import { CHUNKED, UNTIL_CLOSE } from "../../wire/framing.ts";
import { reasonPhrase } from "../../wire/reason-phrase.ts";
import type { ResponseHead } from "../../wire/response-head.ts";
import type { Trailers } from "../../wire/trailers.ts";
import type { Exchange } from "../exchange.ts";
import type { ExchangePolicies } from "../exchange-policies.ts";
import { HeldBody, mostText } from "./held-body.ts";
import { httpDate } from "./http-date.ts";
import type { ResponseRelay } from "./plain-response.ts";
import type { ByteKeeper } from "./writer.ts";

const noTrailers: Trailers = [];

export class PolicyResponse implements ResponseRelay, BodyListener, GuestBodyListener {
  private readonly exchange: Exchange;
  private readonly policies: ExchangePolicies;
  /** Null: the policies made the response. */
  private readonly head: ResponseHead | null;
  private readonly held = new HeldBody();
  /** Whether the endpoint has sent all of it. */
  private received = false;
  /** Of the endpoint's body. */
  private trailers = noTrailers;
  readonly readings = new BodyReadings();
  private isSent = false;
  private isReplaced = false;
  private transform: BodyPipe | null = null;
  /** Whether another body may come out of `transform`. */
  private changesBody = false;
  /** Of what the guests are at work on. */
  private loan: ReadLoan | null = null;
  /** The body comes from a guest, or from a file, part by part. */
  private source: GuestBody | StoredSource | null = null;
  private guestsAtWork = false;
  private clientFlows = true;

  constructor(exchange: Exchange, policies: ExchangePolicies, head: ResponseHead | null) {
    this.exchange = exchange;
    this.policies = policies;
    this.head = head;
  }

  // --- from the endpoint

  onBody(bytes: Buffer, start: number, end: number): void {
    if (this.isReplaced) return;
    const { memory } = this.exchange.upstream!;
    if (!this.isSent) {
      this.hold(bytes, start, end);
    } else if (this.transform === null) {
      this.write(bytes, start, end, memory);
    } else {
      this.loan ??= memory.lend(bytes);
      this.passOn(memory.sliceToKeep(bytes, start, end), false);
      if (!this.guestsAtWork) this.endLoan();
    }
  }

  private hold(bytes: Buffer, start: number, end: number): void {
    this.held.add(bytes, start, end);
    if (this.readings.isEmpty) return;
    const { limit } = this.readings;
    if (this.held.length > limit) this.tooLarge(limit);
  }

  onEnd(trailers: Trailers): void {
    this.received = true;
    this.trailers = trailers;
    if (!this.readings.isEmpty) this.readings.give(this.held.bytes());
  }

  onReadDone(): void {
    if (this.received) this.exchange.upstream = null;
    if (!this.isSent) {
      if (this.readings.isEmpty) this.exchange.upstream?.pause();
      return;
    }
    if (this.received && !this.isReplaced) this.endBody();
    else this.flush();
    if (this.guestsAtWork) this.exchange.upstream?.pause();
    else if (!this.clientFlows) this.exchange.holdUpstream();
  }

  /** The body as the endpoint sent it; null while that is not all of it. */
  get heldBody(): readonly Buffer[] | null {
    return this.received ? this.held.parts() : null;
  }

  /** @throws HostCallError when the body is on its way already */
  assertUnsent(): void {
    if (this.isSent) throw bodyWentOn();
  }

  /** The body as a whole; a longer one than `limit` ends the exchange with 502. */
  readAll(limit: number, policy: Policy): Promise<Uint8Array> | Uint8Array {
    if (this.isSent) throw bodyWentOn();
    const isTooLarge = Math.max(this.head?.contentLength ?? 0, this.held.length) > limit;
    if (!isTooLarge && (this.received || this.head === null)) return this.held.bytes();
    // The guest has to return first.
    if (isTooLarge) queueMicrotask(() => this.tooLarge(limit));
    else this.exchange.upstream?.resume();
    return this.readings.add(policy, limit);
  }

  /** The exchange is over: who still waits for the body does so no longer. */
  end(): void {
    this.readings.giveUp(exchangeIsOver);
    this.source?.cancel();
  }

  /** The body as text, if all of it is here and no longer than `limit`; null: it has to be read. */
  arrivedText(limit: number): string | null {
    const { held, head } = this;
    if (this.isSent || !held.isText || Math.max(head?.contentLength ?? 0, held.length) > limit) return null;
    return this.received || head === null ? textInLatin1(held.text) : null;
  }

  private tooLarge(limit: number): void {
    const message = `Response body is longer than the ${limit} bytes that a policy may read`;
    this.exchange.fail(new ProxyError("response_too_large", message, { source: "upstream" }));
  }

  // --- to the client

  send(draft: ResponseDraft): void {
    const { exchange, head } = this;
    const hasBody = exchange.head.method !== "HEAD" && draft.status !== 204 && draft.status !== 304;
    if (draft.body instanceof GuestBody) this.source = draft.body;
    if (isStreamed(draft.body) && hasBody) this.source = new StoredSource(draft.body);
    const replacement = this.source === null ? this.replacementFor(draft.body) : null;
    if (hasBody && draft.body instanceof GuestBody && draft.body.failure !== null) {
      exchange.fail(draft.body.failure);
      return;
    }
    const limit = this.policies.bodies.limitOf("s", this.policies.chain.backwards);
    if (hasBody && this.toldLength(replacement) > limit) {
      exchange.fail(responseBodyFailures.tooLarge(limit));
      return;
    }
    if (!hasBody) this.policies.bodies.recordings.end(draft.status === 204);
    else if (this.policies.followsResponseBody) {
      this.changesBody = this.policies.changesResponseBody;
      this.transform = this.policies.responseBodyPipe(this);
    }
    const framing = this.framingFor(draft, hasBody, replacement);
    const connection = exchange.beginResponse(draft.status, framing.closes);
    const via = head === null ? "" : exchange.client.side.viaFor(head.minor);
    // A policy that sets a status says nothing of the phrase.
    const reason = draft.reason === "" ? reasonPhrase(draft.status) : draft.reason;
    const text = writeResponse({
      status: draft.status,
      fields: draft.tellsRequestId ? editFields(draft.fields, "", ["x-request-id"]) : draft.fields,
      reason,
      framing: framing.field,
      connection,
      via,
      isDated: draft.isDated,
      date: httpDate,
      added: this.addedLines(draft),
    });
    exchange.writer.begin(text, framing.chunked);
    this.isSent = true;
    this.readings.giveUp(bodyWentOn);
    // The bytes of a body would be taken for the next response.
    const isCut = !hasBody && (this.endpointSendsBody || this.source !== null);
    if (!hasBody) this.dropSource();
    if (this.source !== null) this.sendSource();
    else if (replacement !== null || isCut) this.sendReplacement(hasBody ? replacement! : "");
    else this.sendHeld();
  }

  /** Of the body as it goes to the policies; 0 or less: it is not known. */
  private toldLength(replacement: Replacement | null): number {
    if (this.source !== null) return this.source instanceof StoredSource ? this.source.length : 0;
    return replacement?.length ?? this.head?.contentLength ?? 0;
  }

  /** A reply that comes from here tells which request it answers: without that a policy's could be told from the proxy's. */
  private addedLines({ fields, tellsRequestId }: ResponseDraft): string {
    const { attempts, requestId } = this.exchange;
    const cookies = attempts.cookieLines();
    if (tellsRequestId) return `${cookies}X-Request-Id: ${requestId}\r\n`;
    if (this.head !== null || fields.includes("X-Request-Id: ")) return cookies;
    return `${cookies}X-Request-Id: ${requestId}\r\n`;
  }

  /** RFC 9112 section 6.3: some responses end with their head, whatever length they tell. */
  private get endpointSendsBody(): boolean {
    const { head } = this;
    return (
      head !== null && this.exchange.head.method !== "HEAD" && head.status !== 204 && head.status !== 304
    );
  }

  /** Null: the body goes on as the endpoint sends it. */
  private replacementFor(body: ResponseDraft["body"]): Replacement | null {
    if (body instanceof GuestBody || (body === undefined && this.head !== null)) return null;
    if (body instanceof StoredBody) return body;
    if (body === null || body === undefined || isStreamed(body)) return "";
    if (typeof body !== "string") return new StoredBody([asBuffer(body)]);
    return body.length <= mostText && isAscii(body) ? body : new StoredBody([Buffer.from(body, "utf8")]);
  }

  private framingFor(draft: ResponseDraft, hasBody: boolean, replacement: Replacement | null): Framing {
    const { minor } = this.exchange.head;
    if (!hasBody) {
      // How long the body of the answer to GET would be is not known.
      if (draft.status === 204 || this.policies.changesResponseBody) return plain("");
      // The answer to HEAD from a stored one to GET (RFC 9110 section 9.3.2).
      if (draft.body instanceof StoredBody || isStreamed(draft.body))
        return plain(`Content-Length: ${draft.body.length}\r\n`);
      return plain(this.head !== null && replacement === null ? receivedContentLength(this.head) : "");
    }
    if (!this.changesBody && this.source instanceof StoredSource)
      return plain(`Content-Length: ${this.source.length}\r\n`);
    const isUnbounded = this.head?.contentLength === CHUNKED || this.head?.contentLength === UNTIL_CLOSE;
    if (!this.changesBody && replacement !== null) return plain(`Content-Length: ${replacement.length}\r\n`);
    const isAsReceived = !this.changesBody && this.source === null;
    if (isAsReceived && !this.endpointSendsBody) return plain("Content-Length: 0\r\n");
    if (isAsReceived && !isUnbounded) return plain(receivedContentLength(this.head!));
    return minor === 1
      ? { field: "Transfer-Encoding: chunked\r\n", chunked: true, closes: false }
      : { field: "", chunked: false, closes: true };
  }

  /** What the endpoint still sends is nobody's: its connection is worth less than reading that. */
  private dropOriginal(): void {
    this.isReplaced = true;
    if (!this.received) this.exchange.leaveUpstream();
    this.received = true;
    this.held.clear();
  }

  /** Nobody is to have its body. */
  private dropSource(): void {
    this.source?.cancel();
    this.source = null;
  }

  private sendSource(): void {
    this.dropOriginal();
    this.flush();
    this.pullSource();
  }

  private pullSource(): void {
    if (this.clientFlows && !this.guestsAtWork) this.source?.pull(this);
  }

  onGuestPart(bytes: Buffer): void {
    const isShared = this.source instanceof StoredSource && this.source.isShared;
    if (bytes.length > 0) this.passOn(bytes, !isShared);
    this.flush();
    this.pullSource();
  }

  onGuestEnd(): void {
    this.source = null;
    this.endBody();
  }

  private sendReplacement(body: Replacement): void {
    this.dropOriginal();
    if (typeof body !== "string") {
      for (const part of body.parts) if (part.length > 0) this.passOn(part, false);
    } else if (this.transform === null) this.exchange.writer.bodyText(body);
    else if (body !== "") this.passOn(Buffer.from(body, "latin1"), false);
    this.endBody();
  }

  private sendHeld(): void {
    const { held } = this;
    if (this.transform === null && held.isText) this.exchange.writer.bodyText(held.text);
    else for (const bytes of held.parts()) this.passOn(bytes, false);
    held.clear();
    if (this.received) this.endBody();
    else {
      this.flush();
      this.resumeUpstream();
    }
  }

  private passOn(bytes: Buffer, isOwn: boolean): void {
    if (this.transform !== null) this.guestsAtWork = !this.transform.push(bytes, isOwn);
    else this.onBodyPart(bytes, isOwn);
  }

  private endBody(): void {
    if (this.transform !== null) this.transform.end();
    else this.onBodyEnd();
  }

  private write(bytes: Buffer, start: number, end: number, keeper: ByteKeeper | null): void {
    this.onWritten(this.exchange.writer.body(bytes, start, end, keeper));
  }

  /** Small parts gather until here: only now it shows whether the client takes them. */
  private flush(): void {
    this.onWritten(this.exchange.flush());
  }

  private onWritten(flowing: boolean): void {
    if (flowing) return;
    this.clientFlows = false;
    if (this.policies.bodies.recordings.isFollowed) return;
    this.exchange.holdUpstream();
    this.transform?.hold();
  }

  /** Others read the body: it comes as fast as they can, and what the client has not read waits for it. */
  onFollowed(): void {
    this.transform?.resume();
    this.resumeUpstream();
  }

  onClientDrained(): void {
    this.clientFlows = true;
    this.tellPassed();
    this.transform?.resume();
    this.resumeUpstream();
  }

  private tellPassed(): void {
    if (this.clientFlows && !this.guestsAtWork) this.policies.bodies.onPartsPassed("s");
  }

  private resumeUpstream(): void {
    if (!this.isSent || this.guestsAtWork) return;
    if (!this.clientFlows && !this.policies.bodies.recordings.isFollowed) return;
    this.pullSource();
    this.exchange.upstream?.resume();
  }

  // --- from the policies of the body

  onBodyPart(bytes: Buffer, isOwn: boolean): void {
    this.write(bytes, 0, bytes.length, null);
    const isInUse = this.exchange.client.isSending;
    if (!isOwn && isInUse) this.loan = null;
    else if (isOwn && !isInUse) freeMemory(bytes);
  }

  private endLoan(): void {
    this.loan?.giveBack();
    this.loan = null;
  }

  onBodyEnd(): void {
    this.endLoan();
    const { exchange } = this;
    if (!this.received) exchange.leaveUpstream();
    exchange.writer.end(this.isReplaced ? noTrailers : this.trailers);
    exchange.endResponse();
  }

  onBodyDrained(): void {
    this.guestsAtWork = false;
    this.endLoan();
    this.flush();
    this.tellPassed();
    this.resumeUpstream();
  }

  onBodyFailed(error: ProxyError): void {
    this.exchange.fail(error);
  }
}

/** A small one that is ASCII is text, as what is held. */
type Replacement = StoredBody | string;

/** How the client is told where the body ends. */
interface Framing {
  readonly field: string;
  readonly chunked: boolean;
  readonly closes: boolean;
}

function plain(field: string): Framing {
  return { field, chunked: false, closes: false };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
