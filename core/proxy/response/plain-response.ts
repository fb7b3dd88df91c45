/** A response that goes to the client as the endpoint sends it. */
import { delimitingFor, forwardResponse } from "../../wire/forward/response.ts";
import type { BodyMode } from "../../wire/message-reader.ts";
import type { ResponseHead } from "../../wire/response-head.ts";
import type { Trailers } from "../../wire/trailers.ts";
import type { Exchange } from "../exchange.ts";
import { httpDate } from "./http-date.ts";

/** What an exchange tells of a response as it arrives. */
export interface ResponseRelay {
  onBody(bytes: Buffer, start: number, end: number): void;
  onEnd(trailers: Trailers): void;
  /** After each read. */
  onReadDone(): void;
  /** The client has read what was sent. */
  onClientDrained(): void;
}

export class PlainResponse implements ResponseRelay {
  private readonly exchange: Exchange;
  private ended = false;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** Returns how the body is to be reported. */
  begin(head: ResponseHead): BodyMode {
    const { exchange } = this;
    const delimiting = delimitingFor(head, exchange.head.minor);
    const connection = exchange.beginResponse(head.status, delimiting === "close");
    const { side } = exchange.client;
    const added = exchange.attempts.cookieLines();
    const text = forwardResponse(head, { delimiting, connection, client: side, date: httpDate, added });
    exchange.writer.begin(text, delimiting === "chunked");
    return delimiting === "close" ? "decoded" : "raw";
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    const { writer, upstream } = this.exchange;
    if (!writer.body(bytes, start, end, upstream!.memory)) this.exchange.holdUpstream();
  }

  onEnd(trailers: Trailers): void {
    this.exchange.writer.end(trailers);
    this.ended = true;
  }

  onReadDone(): void {
    if (this.ended) this.exchange.endResponseInTurn();
    else this.exchange.flush();
  }

  onClientDrained(): void {
    this.exchange.upstream?.resume();
  }
}
