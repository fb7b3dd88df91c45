/**
 * Reads the messages of one direction of one connection. Bytes go in as they come from the
 * socket; heads, bodies and ends come out, the same ones however the bytes were split.
 */
import type { Limits } from "../config/model.ts";
import { ProxyError } from "../errors.ts";
import { CR, LF } from "./characters.ts";
import { ChunkedReader } from "./chunked.ts";
import { CHUNKED, UNTIL_CLOSE } from "./framing.ts";
import type { Head } from "./head.ts";
import { StructureCheck } from "./limits.ts";
import { parseRequestHead, type RequestHead } from "./request-head.ts";
import { parseResponseHead, type ResponseHead } from "./response-head.ts";

export interface MessageSink<H extends Head> {
  /** A head is complete. What it returns decides how the body is reported. */
  onHead(head: H): BodyMode;
  /** Part of the body; the bytes are valid only during the call. */
  onBody(bytes: Buffer, start: number, end: number): void;
  /** The message is complete. Not called after an interim (1xx) head. */
  onEnd(trailers: readonly (readonly [name: string, value: string])[]): void;
}

/** `raw`: chunked bodies keep their coding, checked; `decoded`: only the data inside the chunks. */
export type BodyMode = "raw" | "decoded";

const State = { head: 0, length: 1, chunked: 2, untilClose: 3, switched: 4, failed: 5 } as const;

/** Most heads fit; a longer one is read again with the whole limit. */
const usualHead = 4096;

const noTrailers: readonly [string, string][] = [];

abstract class MessageReader<H extends Head> {
  limits: Limits;
  private readonly sink: MessageSink<H>;
  private state: number = State.head;
  private remaining = 0;
  private chunked: ChunkedReader | null = null;
  private mode: BodyMode = "raw";
  private partial: PartialHead | null = null;
  private skippedEmptyLine = false;

  constructor(limits: Limits, sink: MessageSink<H>) {
    this.limits = limits;
    this.sink = sink;
  }

  protected abstract parse(text: string, start: number, fieldsEnd: number): H;
  protected abstract bodyLength(head: H): number;
  protected abstract readonly source: "downstream" | "upstream";
  protected abstract readonly skipsEmptyLine: boolean;
  /** Whether this head is followed by another one that answers the same request. */
  protected abstract isInterim(head: H): boolean;
  /** Whether the connection stops speaking HTTP after this head. */
  protected abstract switches(head: H): boolean;

  /** Whether no byte of an unfinished message was read. */
  get atBoundary(): boolean {
    return this.state === State.head && this.partial === null;
  }

  /** Whether a head is complete and its body is not. */
  get inBody(): boolean {
    return this.state === State.length || this.state === State.chunked || this.state === State.untilClose;
  }

  /** Whether a body is being read that has no other end than that of its connection. */
  get endsWithConnection(): boolean {
    return this.state === State.untilClose;
  }

  /** Whether the connection stopped speaking HTTP: a 101 was read. */
  get switched(): boolean {
    return this.state === State.switched;
  }

  /** Data bytes of the chunked body that is being read, without its coding. */
  get chunkedLength(): number {
    return this.chunked === null ? 0 : this.chunked.dataLength;
  }

  /**
   * Reads `bytes` from `start`, up to the end of one message or to `end`, and returns where
   * it stopped. What is left belongs to the next message, or after a 101 to the tunnel.
   *
   * @throws ProxyError when the message is refused; the reader is of no use afterwards
   */
  read(bytes: Buffer, start: number, end: number): number {
    if (start === end) return end;
    try {
      return this.readMessage(bytes, start, end);
    } catch (error) {
      this.state = State.failed;
      throw this.blame(error);
    }
  }

  private readMessage(bytes: Buffer, start: number, end: number): number {
    let at = start;
    if (this.state === State.head) {
      at = this.readHead(bytes, start, end);
      if (at < 0) return end;
    }
    switch (this.state) {
      case State.length:
        return at < end ? this.readLength(bytes, at, end) : at;
      case State.chunked:
        return at < end ? this.readChunked(bytes, at, end) : at;
      case State.untilClose:
        if (at < end) this.sink.onBody(bytes, at, end);
        return end;
      default:
        return at;
    }
  }

  /**
   * Says that the peer will send nothing more.
   *
   * @throws ProxyError client_gone or response_truncated inside a message
   */
  end(): void {
    if (this.state === State.untilClose) {
      this.finish(noTrailers);
    } else if (!this.atBoundary && this.state !== State.switched && this.state !== State.failed) {
      this.state = State.failed;
      throw this.source === "downstream"
        ? new ProxyError("client_gone", "Client closed the connection inside a request", {
            source: "downstream",
          })
        : new ProxyError("response_truncated", "Endpoint closed the connection inside a response", {
            source: "upstream",
          });
    }
  }

  /** Returns the offset after the head, or -1 when it is not complete yet. */
  private readHead(bytes: Buffer, start: number, end: number): number {
    if (this.partial !== null) return this.readPartialHead(this.partial, bytes, start, end);
    let at = start;
    if (this.skipsEmptyLine && !this.skippedEmptyLine && bytes[at] === CR) {
      if (at + 1 === end) return this.startPartialHead(bytes, start, end);
      if (bytes[at + 1] === LF) {
        this.skippedEmptyLine = true;
        at += 2;
        if (at === end) return end;
      }
    }
    const text = bytes.toString("latin1", at, Math.min(end, at + usualHead));
    const fieldsEnd = text.indexOf("\r\n\r\n");
    if (fieldsEnd < 0) return this.startPartialHead(bytes, at, end);
    this.finishHead(text, fieldsEnd + 2);
    return at + fieldsEnd + 4;
  }

  private startPartialHead(bytes: Buffer, start: number, end: number): number {
    this.partial = new PartialHead(this.limits);
    return this.readPartialHead(this.partial, bytes, start, end);
  }

  private readPartialHead(partial: PartialHead, bytes: Buffer, start: number, end: number): number {
    if (this.skipsEmptyLine && !this.skippedEmptyLine && partial.dropEmptyLine(bytes, start)) {
      this.skippedEmptyLine = true;
      this.partial = null;
      return start + 1 === end ? -1 : this.readHead(bytes, start + 1, end);
    }
    const at = partial.read(bytes, start, end);
    if (at < 0) return -1;
    this.partial = null;
    this.finishHead(partial.text, partial.text.length - 2);
    return at;
  }

  private finishHead(text: string, fieldsEnd: number): void {
    const head = this.parseInOrder(text, fieldsEnd);
    this.skippedEmptyLine = false;
    this.mode = this.sink.onHead(head);
    if (this.switches(head)) {
      this.state = State.switched;
    } else if (!this.isInterim(head)) {
      this.startBody(this.bodyLength(head));
    }
  }

  /** Structural refusals come before semantic ones; see StructureCheck. */
  private parseInOrder(text: string, fieldsEnd: number): H {
    const end = fieldsEnd + 2;
    if (end > this.limits.head) new StructureCheck(this.limits).check(text.slice(0, end));
    try {
      return this.parse(text, 0, fieldsEnd);
    } catch (error) {
      new StructureCheck(this.limits).check(text.slice(0, end));
      throw error;
    }
  }

  private startBody(length: number): void {
    if (length === 0) {
      this.sink.onEnd(noTrailers);
    } else if (length === CHUNKED) {
      this.state = State.chunked;
      this.chunked = new ChunkedReader(this.limits);
    } else if (length === UNTIL_CLOSE) {
      this.state = State.untilClose;
    } else {
      this.state = State.length;
      this.remaining = length;
    }
  }

  private readLength(bytes: Buffer, start: number, end: number): number {
    const bodyEnd = Math.min(end, start + this.remaining);
    this.remaining -= bodyEnd - start;
    this.sink.onBody(bytes, start, bodyEnd);
    if (this.remaining === 0) this.finish(noTrailers);
    return bodyEnd;
  }

  private readChunked(bytes: Buffer, start: number, end: number): number {
    const chunked = this.chunked!;
    const decoded = this.mode === "decoded";
    const at = chunked.read(bytes, start, end, decoded ? (b, s, e) => this.sink.onBody(b, s, e) : null);
    if (!decoded) this.sink.onBody(bytes, start, at);
    if (chunked.done) this.finish(chunked.trailers);
    return at;
  }

  private finish(trailers: readonly (readonly [string, string])[]): void {
    this.state = State.head;
    this.chunked = null;
    this.sink.onEnd(trailers);
  }

  private blame(error: unknown): unknown {
    if (!(error instanceof ProxyError) || error.source === this.source) return error;
    return new ProxyError(error.code, error.message, { source: this.source });
  }
}

export class RequestReader extends MessageReader<RequestHead> {
  protected readonly source = "downstream";
  /** RFC 9112 section 2.2: an empty line before a request line is ignored; one is enough. */
  protected readonly skipsEmptyLine = true;

  protected override parse(text: string, start: number, fieldsEnd: number): RequestHead {
    return parseRequestHead(text, start, fieldsEnd, this.limits);
  }

  protected override bodyLength(head: RequestHead): number {
    return head.contentLength;
  }

  protected override isInterim(): boolean {
    return false;
  }

  protected override switches(): boolean {
    return false;
  }
}

export class ResponseReader extends MessageReader<ResponseHead> {
  protected readonly source = "upstream";
  protected readonly skipsEmptyLine = false;
  private method = "GET";

  /** To be called before the bytes of each response: the method decides whether it has a body. */
  expectResponseTo(method: string): void {
    this.method = method;
  }

  protected override parse(text: string, start: number, fieldsEnd: number): ResponseHead {
    return parseResponseHead(text, start, fieldsEnd, this.limits, this.method);
  }

  protected override bodyLength(head: ResponseHead): number {
    return head.contentLength;
  }

  protected override isInterim(head: ResponseHead): boolean {
    return head.isInterim;
  }

  protected override switches(head: ResponseHead): boolean {
    return head.status === 101;
  }
}

/** A head that came in more than one read. */
class PartialHead {
  text = "";
  private readonly limit: number;
  private readonly structure: StructureCheck;

  constructor(limits: Limits) {
    this.limit = limits.head;
    this.structure = new StructureCheck(limits);
  }

  /** Whether the CR that was all there is so far and the byte at `start` are an empty line. */
  dropEmptyLine(bytes: Buffer, start: number): boolean {
    return this.text === "\r" && bytes[start] === LF;
  }

  /** Returns the offset after the head, or -1 when it is not complete. */
  read(bytes: Buffer, start: number, end: number): number {
    const piece = bytes.toString("latin1", start, Math.min(end, start + this.limit + 4));
    const headEnd = this.structure.check(piece);
    this.text += headEnd < 0 ? piece : piece.slice(0, headEnd);
    return headEnd < 0 ? -1 : start + headEnd;
  }
}
