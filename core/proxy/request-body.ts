/** The request body on its way upstream: held until there is a connection, then passed on. */
import type { UpstreamConnection } from "../upstream/connection.ts";

/** Bytes held for a connection before the client is told to wait. */
const mostHeld = 64 * 1024;
/** Up to here the body travels in one string with the head. */
const joinedBody = 8 * 1024;

export class RequestBody {
  /** Bytes received, as they crossed the wire. */
  length = 0;
  /** Whether the last byte was received. */
  complete = false;
  private held: Buffer[] = [];
  private wasStreamed = false;

  /** Whether all of it is still here to be sent again. */
  get canReplay(): boolean {
    return this.complete && !this.wasStreamed;
  }

  /** Takes the next part. Returns false when the client must wait. */
  add(bytes: Buffer, upstream: UpstreamConnection | null): boolean {
    this.length += bytes.length;
    if (upstream !== null) {
      this.wasStreamed = true;
      return upstream.sendBytes(bytes);
    }
    this.held.push(bytes);
    return this.length < mostHeld;
  }

  /** Sends the head and what is held of the body. Returns whether the client may go on sending. */
  sendBehind(head: string, upstream: UpstreamConnection): boolean {
    const flowing =
      this.length <= joinedBody
        ? upstream.sendText(this.held.length === 0 ? head : head + this.heldText())
        : this.sendCorked(head, upstream);
    if (this.complete) upstream.finishSending();
    else this.forget();
    return flowing;
  }

  private heldText(): string {
    let text = "";
    for (const bytes of this.held) text += bytes.toString("latin1");
    return text;
  }

  private sendCorked(head: string, upstream: UpstreamConnection): boolean {
    upstream.cork();
    upstream.sendText(head);
    let flowing = true;
    for (const bytes of this.held) flowing = upstream.sendBytes(bytes);
    upstream.uncork();
    return flowing;
  }

  /** It will not be sent again. */
  forget(): void {
    if (this.length > 0) this.wasStreamed = true;
    this.held = [];
  }
}
