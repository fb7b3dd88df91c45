import type { Readable } from "node:stream";
import { responseTooLong } from "./decode.ts";
import { partBytes } from "./limits.ts";

/**
 * A response body, read when the guest asks: what it does not ask for stays in the socket.
 * The stream fails at any time without being read, which must not be an unhandled error.
 */
export class BodyReader {
  private readonly stream: Readable;
  private readonly longest: number;
  private received = 0;
  private rest: Uint8Array | null = null;
  private failure: Error | null = null;
  private wake: () => void = () => {};

  /** @param longest bytes */
  constructor(stream: Readable, longest: number) {
    this.stream = stream;
    this.longest = longest;
    const onChange = () => this.wake();
    stream.on("readable", onChange).on("end", onChange).on("close", onChange);
    stream.on("error", (error) => {
      this.failure ??= error;
      this.wake();
    });
  }

  /** Whether all of it was taken. */
  get isDone(): boolean {
    return this.rest === null && this.stream.readableEnded;
  }

  /**
   * What is there, or null when nothing is.
   *
   * @throws the failure of the stream
   */
  take(): Uint8Array | null {
    if (this.failure) throw this.failure;
    if (this.rest) return this.takeRest();
    const chunk: Uint8Array | null = this.stream.read();
    if (chunk === null) {
      if (this.stream.closed && !this.stream.readableEnded) throw new Error("body ended early");
      return null;
    }
    this.received += chunk.byteLength;
    if (this.received > this.longest) this.fail(responseTooLong(this.longest));
    return chunk;
  }

  /** Resolves when `take` may have something new to say. One waits at a time. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  /**
   * The next part, at most `partBytes` long, or null at the end.
   *
   * @throws the failure of the stream
   */
  async next(): Promise<Uint8Array | null> {
    for (;;) {
      const part = this.take();
      if (part) return this.firstOf(part);
      if (this.isDone) return null;
      await this.changed();
    }
  }

  /** Gives back what was taken too early. */
  putBack(bytes: Uint8Array): void {
    this.rest = bytes.byteLength === 0 ? null : bytes;
  }

  /** Nobody reads on: the connection is closed unless the body was read to its end. */
  close(): void {
    this.stream.destroy();
    this.wake();
  }

  private firstOf(part: Uint8Array): Uint8Array {
    if (part.byteLength <= partBytes) return part;
    this.rest = part.subarray(partBytes);
    return part.subarray(0, partBytes);
  }

  private takeRest(): Uint8Array | null {
    const { rest } = this;
    this.rest = null;
    return rest;
  }

  private fail(error: Error): never {
    this.failure = error;
    this.stream.destroy();
    throw error;
  }
}
