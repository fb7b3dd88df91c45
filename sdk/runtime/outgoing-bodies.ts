/** Bodies that a guest streams, by slot; the host pulls them part by part. */

import type { GuestExchange } from "./exchange.ts";
import { longestPulledPart } from "./message.ts";
import type { ReadableStream } from "./streams/readable-stream.ts";
import { encodeUtf8 } from "./web/encoding.ts";

interface Reader {
  read(): Promise<{ done: boolean; value?: unknown }>;
  cancel(): Promise<unknown>;
}

interface OutgoingBody {
  /** Whose it is; its last handler may be over. */
  readonly exchange: GuestExchange;
  readonly reader: Reader;
  /** Of a part that is too long to cross at once. */
  rest: Uint8Array | null;
}

export class OutgoingBodies {
  private readonly bodies = new Map<number, OutgoingBody>();

  open(exchange: GuestExchange, stream: ReadableStream): void {
    const reader = stream.getReader() as unknown as Reader;
    this.bodies.set(exchange.slot, { exchange, reader, rest: null });
  }

  /** Undefined when nothing is under way in the slot. */
  exchangeOf(slot: number): GuestExchange | undefined {
    return this.bodies.get(slot)?.exchange;
  }

  /** The next part, or null at the end. */
  async pull(slot: number): Promise<Uint8Array | null> {
    const body = this.bodies.get(slot);
    if (body === undefined) return null;
    if (body.rest !== null) return firstOf(body.rest, body);
    const { done, value } = await body.reader.read();
    if (done) {
      // It may have been cancelled, and the slot be that of another one.
      if (this.bodies.get(slot) === body) this.bodies.delete(slot);
      return null;
    }
    if (typeof value === "string") return firstOf(encodeUtf8(value), body);
    if (value instanceof Uint8Array) return value.length <= longestPulledPart ? value : firstOf(value, body);
    throw new TypeError("Cannot send the body: a part of its stream is neither bytes nor a string");
  }

  cancel(slot: number): void {
    const body = this.bodies.get(slot);
    this.bodies.delete(slot);
    body?.reader.cancel().then(undefined, () => {});
  }
}

function firstOf(bytes: Uint8Array, body: OutgoingBody): Uint8Array {
  body.rest = bytes.length > longestPulledPart ? bytes.subarray(longestPulledPart) : null;
  // An engine may copy all that is behind a view.
  return bytes.slice(0, longestPulledPart);
}
