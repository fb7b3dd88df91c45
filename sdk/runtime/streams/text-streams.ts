/** `TextEncoderStream` and `TextDecoderStream` (Encoding Standard, section 7). */
import { TextDecoder, TextEncoder } from "../web/encoding.ts";
import { asWebInterface } from "../web-interface.ts";
import type { ReadableStream } from "./readable-stream.ts";
import { TransformStream } from "./transform-stream.ts";
import type { WritableStream } from "./writable-stream.ts";

/** Text in, UTF-8 out. */
export class TextEncoderStream {
  declare readonly [Symbol.toStringTag]: string;
  readonly #transform: TransformStream<string, Uint8Array>;

  constructor() {
    const encoder = new TextEncoder();
    let half = "";
    this.#transform = new TransformStream<string, Uint8Array>({
      // A surrogate pair may come in two chunks.
      transform(chunk, controller) {
        const text = `${half}${chunk}`;
        half = endsInHalf(text) ? text.slice(-1) : "";
        const whole = half === "" ? text : text.slice(0, -1);
        if (whole !== "") controller.enqueue(encoder.encode(whole));
      },
      flush(controller) {
        if (half !== "") controller.enqueue(encoder.encode(half));
      },
    });
  }

  get encoding(): "utf-8" {
    return "utf-8";
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#transform.readable;
  }

  get writable(): WritableStream<string> {
    return this.#transform.writable;
  }
}

asWebInterface(TextEncoderStream, "TextEncoderStream");

/** Bytes in, text out; a character may come in two chunks. */
export class TextDecoderStream {
  declare readonly [Symbol.toStringTag]: string;
  readonly #decoder: TextDecoder;
  readonly #transform: TransformStream<Uint8Array, string>;

  constructor(label = "utf-8", options?: { fatal?: boolean; ignoreBOM?: boolean }) {
    const decoder = new TextDecoder(label, options);
    this.#decoder = decoder;
    this.#transform = new TransformStream<Uint8Array, string>({
      transform(chunk, controller) {
        const text = decoder.decode(chunk, { stream: true });
        if (text !== "") controller.enqueue(text);
      },
      flush(controller) {
        const text = decoder.decode();
        if (text !== "") controller.enqueue(text);
      },
    });
  }

  get encoding(): string {
    return this.#decoder.encoding;
  }

  get fatal(): boolean {
    return this.#decoder.fatal;
  }

  get ignoreBOM(): boolean {
    return this.#decoder.ignoreBOM;
  }

  get readable(): ReadableStream<string> {
    return this.#transform.readable;
  }

  get writable(): WritableStream<Uint8Array> {
    return this.#transform.writable;
  }
}

asWebInterface(TextDecoderStream, "TextDecoderStream");

function endsInHalf(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff;
}
