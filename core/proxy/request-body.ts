/** The request body on its way upstream: held until there is a connection, then passed on. */
import { freeMemory } from "../net/free-memory.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import { type Trailers, writeTrailers } from "../wire/trailers.ts";

/** Bytes held for a connection before the client is told to wait. */
const mostHeld = 64 * 1024;
/** Up to here the body travels in one string with the head. */
const joinedBody = 8 * 1024;

const noTrailers: Trailers = [];

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
  private held: Buffer[] = [];
  private heldLength = 0;
  private wasStreamed = false;

  /** Whether all of it is still here to be sent again. */
  get canReplay(): boolean {
    return this.complete && !this.wasStreamed;
  }

  /** Takes the next part, to which nobody else refers. Returns false when its source must wait. */
  add(bytes: Buffer, upstream: UpstreamConnection | null): boolean {
    if (upstream !== null) {
      this.wasStreamed = true;
      const flowing = this.isChunked ? sendChunk(bytes, upstream) : upstream.sendBytes(bytes);
      if (!upstream.isSending) freeMemory(bytes);
      return flowing;
    }
    this.held.push(bytes);
    this.heldLength += bytes.length;
    return this.heldLength < this.mostHeld;
  }

  end(trailers: Trailers, upstream: UpstreamConnection | null): void {
    this.complete = true;
    this.trailers = trailers;
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
    if (this.complete) upstream.finishSending();
    else this.forget();
    return flowing;
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
    if (this.length > 0) this.wasStreamed = true;
    this.held = [];
    this.heldLength = 0;
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
