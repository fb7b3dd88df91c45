/** The request body where policies are: held, read as a whole, replaced, or changed part by part on its way. */
import type { ProxyError } from "../../errors.ts";
import { textIn } from "../../policy/body/arrived-text.ts";
import type { BodyListener, BodyPipe } from "../../policy/body/pipe.ts";
import { BodyReadings, bodyWentOn, exchangeIsOver } from "../../policy/body/readings.ts";
import type { Policy } from "../../policy/policy.ts";
import { Kind } from "../../wire/field-kind.ts";
import { requestFraming } from "../../wire/forward/request.ts";
import type { Trailers } from "../../wire/trailers.ts";
import type { Exchange } from "../exchange.ts";
import type { ExchangePolicies } from "../exchange-policies.ts";
import { bodyTooLarge } from "./checks.ts";

const noTrailers: Trailers = [];
const continueLine = "HTTP/1.1 100 Continue\r\n\r\n";

export class RequestFlow implements BodyListener {
  private readonly exchange: Exchange;
  private readonly policies: ExchangePolicies;
  /** Of the client's body. */
  private trailers = noTrailers;
  private transform: BodyPipe | null = null;
  /** Whether another body may come out of `transform`. */
  private changesBody = false;
  /** Whether all that came out of it was here before any of it was sent. */
  private hasLength = false;
  /** A policy put another body in the place of the client's, which is read and thrown away. */
  private isReplaced = false;
  readonly readings = new BodyReadings();
  private wasRead = false;
  /** It goes upstream, and is not here as a whole any more. */
  private isOnItsWay = false;
  private guestsAtWork = false;
  private endpointFlows = true;

  constructor(exchange: Exchange, policies: ExchangePolicies) {
    this.exchange = exchange;
    this.policies = policies;
  }

  /** The endpoint takes more. Returns whether the client may go on. */
  onEndpointFlows(): boolean {
    this.endpointFlows = true;
    this.transform?.resume();
    this.tellPassed();
    return !this.guestsAtWork;
  }

  /** What is kept for another attempt is so until the end. */
  private tellPassed(): void {
    if (this.endpointFlows && !this.guestsAtWork && !this.exchange.requestBody.isHolding)
      this.policies.bodies.onPartsPassed("q");
  }

  /** Returns false when the client must wait. */
  onBytes(bytes: Buffer, length: number): boolean {
    if (this.isReplaced) return true;
    const { requestBody, upstream } = this.exchange;
    if (this.transform !== null) {
      this.guestsAtWork = !this.transform.push(bytes, true);
      return !this.guestsAtWork && this.endpointFlows;
    }
    const flowing = requestBody.add(bytes, upstream);
    if (this.readings.isEmpty) return flowing;
    const { limit } = this.readings;
    if (length > limit) this.exchange.fail(bodyTooLarge(limit));
    return true;
  }

  onEnd(received: Trailers): void {
    const trailers = this.policies.passesTrailers ? received : noTrailers;
    this.trailers = trailers;
    if (this.isReplaced) return;
    if (this.transform !== null) {
      this.transform.end();
      return;
    }
    this.exchange.requestBody.end(trailers, this.exchange.upstream);
    if (!this.readings.isEmpty) this.readings.give(this.exchange.requestBody.copyHeld());
  }

  /** The body as a whole; a longer one than `limit` ends the exchange with 413. */
  readAll(limit: number, policy: Policy): Promise<Uint8Array> | Uint8Array {
    const { requestBody, head, client } = this.exchange;
    if (this.isOnItsWay) throw bodyWentOn();
    if (Math.max(head.contentLength, requestBody.length) > limit) {
      // The guest has to return first.
      queueMicrotask(() => this.exchange.fail(bodyTooLarge(limit)));
      return this.readings.add(policy, limit);
    }
    this.wasRead = true;
    if (requestBody.received) return requestBody.copyHeld();
    requestBody.mostHeld = limit;
    if (this.exchange.expectsContinue) client.sendText(continueLine);
    client.resumeReading();
    return this.readings.add(policy, limit);
  }

  /** The body as text, if all of it is here and no longer than `limit`; null: it has to be read. */
  arrivedText(limit: number): string | null {
    const { requestBody, head } = this.exchange;
    const { length, received } = requestBody;
    if (this.isOnItsWay || !received || Math.max(head.contentLength, length) > limit) return null;
    const text = textIn(requestBody.copyHeld());
    if (text !== null) this.wasRead = true;
    return text;
  }

  /** The policies have seen the head: from here on the body flows. */
  onAdmitted(): void {
    const { requestBody, head } = this.exchange;
    const { body } = this.policies.request;
    const received = requestBody.received;
    if (!this.policies.passesTrailers) requestBody.trailers = noTrailers;
    this.isOnItsWay = true;
    this.readings.giveUp(bodyWentOn);
    if (body !== null) {
      this.isReplaced = true;
      requestBody.take();
      requestBody.isChunked = false;
      requestBody.add(Buffer.from(body as string), null);
      requestBody.end([], null);
    }
    const limit = this.policies.bodies.limitOf("q", this.policies.chain.plan.policies);
    if (body === null && head.contentLength > limit) {
      this.exchange.fail(bodyTooLarge(limit));
      return;
    }
    // One of a length of 0 is a body: who sends it must not get past those that look at its end.
    const hasBody = body !== null || head.hasBody || (head.kinds & Kind.contentLength) !== 0;
    if (!this.policies.followsRequestBody || !hasBody) return;
    if (received) this.trailers = requestBody.trailers;
    const held = requestBody.take();
    this.changesBody = this.policies.changesRequestBody;
    if (this.changesBody) requestBody.isChunked = true;
    this.transform = this.policies.requestBodyPipe(this);
    // Who has read it as a whole may still have it.
    if (held.length > 0) this.guestsAtWork = !this.transform.push(held, !this.wasRead);
    if (received || body !== null) this.transform.end();
    this.tellLength();
  }

  /** What is all here already is told its length. */
  private tellLength(): void {
    const { requestBody } = this.exchange;
    if (!this.changesBody || !requestBody.complete || this.trailers.length > 0) return;
    requestBody.isChunked = false;
    this.hasLength = true;
  }

  /** The exchange is over: who still waits for the body does so no longer. */
  end(): void {
    this.readings.giveUp(exchangeIsOver);
  }

  /** The field that tells the endpoint where the body ends. */
  framing(): string {
    const { requestBody, head } = this.exchange;
    // A client that waits for 100 has to get it from someone.
    const expects = this.exchange.expectsContinue && !this.wasRead && !this.isReplaced;
    if (this.changesBody && !this.hasLength) {
      return `Transfer-Encoding: chunked\r\n${expects ? "Expect: 100-continue\r\n" : ""}`;
    }
    if (this.isReplaced || this.hasLength) return `Content-Length: ${requestBody.copyHeld().length}\r\n`;
    return requestFraming(head, expects);
  }

  // --- from the policies of the body

  onBodyPart(bytes: Buffer): void {
    const { requestBody, upstream } = this.exchange;
    if (requestBody.add(bytes, upstream)) return;
    this.endpointFlows = false;
    this.exchange.client.pauseReading();
    this.transform?.hold();
  }

  onBodyEnd(): void {
    this.guestsAtWork = false;
    this.exchange.requestBody.end(this.isReplaced ? noTrailers : this.trailers, this.exchange.upstream);
    // That it leaves is seen by reading alone.
    if (this.endpointFlows) this.exchange.client.resumeReading();
  }

  onBodyDrained(): void {
    this.guestsAtWork = false;
    this.tellPassed();
    if (this.endpointFlows) this.exchange.client.resumeReading();
  }

  onBodyFailed(error: ProxyError): void {
    this.exchange.fail(error);
  }
}
