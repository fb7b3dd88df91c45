/** Bodies that a guest streams, by slot; the host pulls them part by part. */
import { encodeUtf8 } from "./encoding.ts";
import type { ReadableStream } from "./readable-stream.ts";

interface Reader {
  read(): Promise<{ done: boolean; value?: unknown }>;
  cancel(): Promise<unknown>;
}

export class OutgoingBodies {
  private readonly readers = new Map<number, Reader>();

  open(slot: number, stream: ReadableStream): void {
    this.readers.set(slot, stream.getReader() as unknown as Reader);
  }

  /** The next part, or null at the end. */
  async pull(slot: number): Promise<Uint8Array | null> {
    const reader = this.readers.get(slot);
    if (reader === undefined) return null;
    const { done, value } = await reader.read();
    if (done) {
      this.readers.delete(slot);
      return null;
    }
    if (typeof value === "string") return encodeUtf8(value);
    if (value instanceof Uint8Array) return value;
    throw new TypeError("Cannot send the body: a part of its stream is neither bytes nor a string");
  }

  cancel(slot: number): void {
    const reader = this.readers.get(slot);
    this.readers.delete(slot);
    reader?.cancel().then(undefined, () => {});
  }
}
