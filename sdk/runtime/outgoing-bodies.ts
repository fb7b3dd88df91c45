/** Bodies that a guest streams, by slot; the host pulls them part by part. */

import { longestPulledPart } from "./message.ts";
import type { ReadableStream } from "./streams/readable-stream.ts";
import { encodeUtf8 } from "./web/encoding.ts";

interface Reader {
  read(): Promise<{ done: boolean; value?: unknown }>;
  cancel(): Promise<unknown>;
}

export class OutgoingBodies {
  private readonly readers = new Map<number, Reader>();
  /** Of parts that are too long to cross at once. */
  private readonly rests = new Map<number, Uint8Array>();

  open(slot: number, stream: ReadableStream): void {
    this.readers.set(slot, stream.getReader() as unknown as Reader);
    this.rests.delete(slot);
  }

  /** The next part, or null at the end. */
  async pull(slot: number): Promise<Uint8Array | null> {
    const reader = this.readers.get(slot);
    if (reader === undefined) return null;
    const rest = this.rests.get(slot);
    if (rest !== undefined) return this.firstOf(rest, slot);
    const { done, value } = await reader.read();
    if (done) {
      this.readers.delete(slot);
      return null;
    }
    if (typeof value === "string") return this.firstOf(encodeUtf8(value), slot);
    if (value instanceof Uint8Array)
      return value.length <= longestPulledPart ? value : this.firstOf(value, slot);
    throw new TypeError("Cannot send the body: a part of its stream is neither bytes nor a string");
  }

  private firstOf(bytes: Uint8Array, slot: number): Uint8Array {
    if (bytes.length > longestPulledPart) this.rests.set(slot, bytes.subarray(longestPulledPart));
    else this.rests.delete(slot);
    // An engine may copy all that is behind a view.
    return bytes.slice(0, longestPulledPart);
  }

  cancel(slot: number): void {
    const reader = this.readers.get(slot);
    this.readers.delete(slot);
    this.rests.delete(slot);
    reader?.cancel().then(undefined, () => {});
  }
}
