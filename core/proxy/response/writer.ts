/** A response on its way to its client: head and small body leave in one write, the rest as it arrives. */
import { type Trailers, writeTrailers } from "../../wire/trailers.ts";
import type { ExchangeClient } from "../client/exchange-client.ts";

/** Up to here bytes travel in one string with the head, which saves a system call. */
const joinedBody = 8 * 1024;

/** Makes bytes fit to be written after the current read. */
export interface ByteKeeper {
  sliceToKeep(bytes: Buffer, start: number, end: number): Buffer;
  /** A write of such a slice has not finished. */
  retain(): void;
}

export class ResponseWriter {
  /** Body bytes sent to the client. */
  bytesOut = 0;
  /** Whether the client got a byte. */
  answered = false;
  private client: ExchangeClient;
  /** Bytes as latin1 that wait for the end of the current read. */
  private text = "";
  private chunked = false;

  constructor(client: ExchangeClient) {
    this.client = client;
  }

  /** What was not sent is not sent to this one either. */
  changeClient(client: ExchangeClient): void {
    this.client = client;
  }

  interim(head: string): void {
    this.text += head;
  }

  /** @param chunked whether the body is to be given the chunked coding here */
  begin(head: string, chunked: boolean): void {
    this.text += head;
    this.chunked = chunked;
  }

  /** Returns false when the client reads too slowly. */
  body(bytes: Buffer, start: number, end: number, keeper: ByteKeeper | null): boolean {
    const length = end - start;
    this.bytesOut += length;
    if (this.chunked) this.text += `${length.toString(16)}\r\n`;
    if (this.text.length + length > joinedBody) return this.sendBytes(bytes, start, end, keeper);
    this.text += bytes.toString("latin1", start, end) + this.chunkEnd;
    return true;
  }

  private get chunkEnd(): string {
    return this.chunked ? "\r\n" : "";
  }

  /** A small body as latin1. */
  bodyText(body: string): void {
    const { length } = body;
    if (length === 0) return;
    this.bytesOut += length;
    this.text += this.chunked ? `${length.toString(16)}\r\n${body}\r\n` : body;
  }

  private sendBytes(bytes: Buffer, start: number, end: number, keeper: ByteKeeper | null): boolean {
    const { text } = this;
    this.text = "";
    this.answered = true;
    const part = keeper === null ? bytes.subarray(start, end) : keeper.sliceToKeep(bytes, start, end);
    const flowing = this.client.sendBytes(text, part, this.chunkEnd);
    if (this.client.isSending) keeper?.retain();
    return flowing;
  }

  end(trailers: Trailers): void {
    if (this.chunked) this.text += `0\r\n${writeTrailers(trailers)}\r\n`;
  }

  /** Sends what has gathered. Returns false when the client reads too slowly. */
  flush(): boolean {
    if (this.text === "") return true;
    const { text } = this;
    this.text = "";
    this.answered = true;
    return this.client.sendText(text);
  }

  /** Forgets what was not sent. */
  discard(): void {
    this.text = "";
  }
}
