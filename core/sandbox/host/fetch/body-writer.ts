import { Readable } from "node:stream";
import { HostCallError } from "../error.ts";
import { partBytes } from "./limits.ts";
import { requestTooLong } from "./message.ts";

/** A request body that comes in parts; a part is taken when the connection has room for it. */
export class BodyWriter {
  readonly stream: Readable;
  private left: number;
  private readonly longest: number;
  private isWaiting = false;
  private isEnded = false;
  private room: () => void = () => {};

  /** @param longest bytes */
  constructor(longest: number) {
    this.left = longest;
    this.longest = longest;
    this.stream = new Readable({ read: () => this.room(), highWaterMark: 0 });
    // The call itself learns of a failure from its response.
    this.stream.on("error", () => {}).on("close", () => this.room());
  }

  /** Whether no more parts are taken: the guest ended it, or the server answered without waiting for it. */
  get isOver(): boolean {
    return this.isEnded || this.stream.destroyed;
  }

  /**
   * @returns when the part is on its way
   * @throws HostCallError when the body is too long, or the guest does not wait
   */
  async write(part: Uint8Array): Promise<void> {
    if (part.byteLength > partBytes) {
      throw new HostCallError("TypeError", `part is longer than ${partBytes} bytes`);
    }
    if (this.isWaiting) throw new HostCallError("TypeError", "part before was not taken yet");
    this.left -= part.byteLength;
    if (this.left < 0) throw requestTooLong(this.longest);
    if (part.byteLength === 0) return;
    const taken = new Promise<void>((resolve) => {
      this.room = resolve;
    });
    this.isWaiting = true;
    // The copy is the host's own: what the guest does to its bytes afterwards changes nothing.
    if (!this.stream.push(Uint8Array.from(part))) await taken;
    this.isWaiting = false;
  }

  end(): void {
    if (this.isOver) return;
    this.isEnded = true;
    this.stream.push(null);
  }

  close(): void {
    this.stream.destroy();
  }
}
