/** The request body on its way upstream: held until there is a connection, then passed on. */
import { freeMemory } from "../../net/free-memory.ts";
import type { UpstreamConnection } from "../../upstream/connection.ts";
import { type Trailers, writeTrailers } from "../../wire/trailers.ts";

/** Bytes held for a connection before the client is told to wait. */
const mostHeld = 64 * 1024;
/** Up to here the body travels in one string with the head. */
const joinedBody = 8 * 1024;
/** Parts that come to no more are held as one: a client that sends byte by byte would fill memory with Buffers. */
const mostJoined = 4 * 1024;

const noTrailers: Trailers = [];

/** Who gets a copy of a body on its way. */
export interface BodyCopy {
  /** The bytes are valid during the call only. */
  add(bytes: Buffer): void;
  /**
   * Nothing more will come.
   *
   * @param ending what ends a body in chunks; empty: it is none, or came with its chunks as they are
   */
  end(ending: string): void;
}

export class RequestBody {
  /** Bytes received, as they crossed the wire. */
  length = 0;
  /** Whether the client has sent all of it. */
  received = false;
  /** Whether everything that is to be sent is here. */
  complete = false;
  /** Whether it is given the chunked coding here; else it goes on as it came. */
  isChunked = false;
  /** Bytes that may be held: more when a policy wants all of it. */
  mostHeld = mostHeld;
  trailers = noTrailers;
  /** Bytes that are kept for another attempt when they are sent; null: what was whole by then, and nothing else. */
  replay: number | null = null;
  private held: Buffer[] = [];
  private heldLength = 0;
  /** From here on nobody but this and `sentOn` refers to what is held. */
  private ownFrom = 0;
  /** Takes the parts as they arrive, once one of them was kept. */
  private sentOn: UpstreamConnection | null = null;
  private isGone = false;
  private copy: BodyCopy | null = null;

  /** Whether all of it that arrived is still here to be sent again. */
  get canReplay(): boolean {
    return !this.isGone;
  }

  get isHolding(): boolean {
    return this.heldLength > 0;
  }

  /** From what is held to its end it is copied, too. */
  copyTo(copy: BodyCopy): void {
    for (const bytes of this.held) copy.add(bytes);
    if (this.complete) copy.end(this.isChunked ? this.ending : "");
    else this.copy = copy;
  }

  /** Takes the next part, to which nobody else refers. Returns false when its source must wait. */
  add(bytes: Buffer, upstream: UpstreamConnection | null): boolean {
    this.copy?.add(bytes);
    if (upstream === null) {
      this.hold(bytes);
      return this.heldLength < this.mostHeld;
    }
    const flowing = this.isChunked ? sendChunk(bytes, upstream) : upstream.sendBytes(bytes);
    if (!this.isGone && this.heldLength + bytes.length <= (this.replay ?? 0)) {
      this.sentOn = upstream;
      this.hold(bytes);
    } else {
      this.forget();
      if (!upstream.isSending) freeMemory(bytes);
    }
    return flowing;
  }

  private hold(bytes: Buffer): void {
    this.heldLength += bytes.length;
    const last = this.held.at(-1);
    if (last !== undefined && last.length + bytes.length <= mostJoined) {
      this.held[this.held.length - 1] = Buffer.concat([last, bytes]);
    } else {
      this.held.push(bytes);
    }
  }

  end(trailers: Trailers, upstream: UpstreamConnection | null): void {
    this.complete = true;
    this.trailers = trailers;
    this.copy?.end(this.isChunked ? this.ending : "");
    if (upstream === null) return;
    if (this.isChunked) upstream.sendText(this.ending);
    upstream.finishSending();
  }

  /** What is held, to be changed: `add` and `end` bring back what becomes of it. */
  take(): Buffer {
    const bytes = this.copyHeld();
    this.held = [];
    this.heldLength = 0;
    this.complete = false;
    return bytes;
  }

  /** What is held, in one piece. */
  copyHeld(): Buffer {
    return this.held.length === 1 ? this.held[0]! : Buffer.concat(this.held);
  }

  /** Sends the head and what is held of the body. Returns whether the source may go on. */
  sendBehind(head: string, upstream: UpstreamConnection): boolean {
    const flowing =
      this.heldLength <= joinedBody
        ? upstream.sendText(this.held.length === 0 && !this.isChunked ? head : head + this.heldText())
        : this.sendCorked(head, upstream);
    // Another connection may still hold them, or who read them as a whole.
    this.ownFrom = this.held.length;
    if (this.complete) upstream.finishSending();
    if (!this.isKept) this.forget();
    return flowing;
  }

  /** Whether what was sent stays here for another attempt. */
  private get isKept(): boolean {
    return this.replay === null ? this.complete : this.heldLength <= this.replay;
  }

  private heldText(): string {
    let text = "";
    for (const bytes of this.held) {
      const part = bytes.toString("latin1");
      text += this.isChunked ? `${bytes.length.toString(16)}\r\n${part}\r\n` : part;
    }
    return this.isChunked && this.complete ? text + this.ending : text;
  }

  private get ending(): string {
    return `0\r\n${writeTrailers(this.trailers)}\r\n`;
  }

  private sendCorked(head: string, upstream: UpstreamConnection): boolean {
    upstream.cork();
    upstream.sendText(head);
    let flowing = true;
    for (const bytes of this.held) {
      flowing = this.isChunked ? sendChunk(bytes, upstream) : upstream.sendBytes(bytes);
    }
    if (this.isChunked && this.complete) upstream.sendText(this.ending);
    upstream.uncork();
    return flowing;
  }

  /** It will not be sent again. */
  forget(): void {
    this.isGone = true;
    if (this.heldLength === 0) return;
    if (this.sentOn?.isSending === false) {
      for (let i = this.ownFrom; i < this.held.length; i++) freeMemory(this.held[i]!);
    }
    this.held = [];
    this.heldLength = 0;
    this.sentOn = null;
  }
}

function sendChunk(bytes: Buffer, upstream: UpstreamConnection): boolean {
  upstream.cork();
  upstream.sendText(`${bytes.length.toString(16)}\r\n`);
  upstream.sendBytes(bytes);
  const flowing = upstream.sendText("\r\n");
  upstream.uncork();
  return flowing;
}
