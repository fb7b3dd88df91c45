import { type Bytes, bytesOf } from "../byte-view.ts";
import { decoderFor, type StreamDecoder } from "../decoders.ts";
import { callBytes, callText } from "../host.ts";
import { HostOp } from "../host-op.ts";
import { decodeUtf8, encodeUtf8Into, utf8Length } from "../utf8.ts";
import { asWebInterface } from "../web-interface.ts";

/** Texts up to this many code units are encoded here, longer ones by the host. */
const shortText = 64;

/**
 * The bytes of a text in UTF-8.
 *
 * @throws RangeError when the host refuses the length
 * @example
 * encodeUtf8("é"); // Uint8Array [0xc3, 0xa9]
 */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  if (text.length > shortText) return callBytes(HostOp.utf8Encode, text) as Uint8Array<ArrayBuffer>;
  const bytes = new Uint8Array(utf8Length(text));
  encodeUtf8Into(text, bytes);
  return bytes;
}

/**
 * The text of bytes in UTF-8, with U+FFFD for what is not; a byte order mark stays.
 *
 * @throws RangeError when the host refuses the length
 */
export function decodeUtf8Bytes(bytes: Uint8Array): string {
  return bytes.length > shortText ? callText(HostOp.utf8Decode, "", bytes) : decodeUtf8(bytes, false)!;
}

/** `TextEncoder` of the Encoding Standard, section 7.4. */
export class TextEncoder {
  declare readonly [Symbol.toStringTag]: string;

  get encoding(): "utf-8" {
    return "utf-8";
  }

  encode(input: string | undefined = ""): Uint8Array<ArrayBuffer> {
    return encodeUtf8(`${input}`);
  }

  encodeInto(source: string, destination: Uint8Array): { read: number; written: number } {
    if (!(destination instanceof Uint8Array)) throw new TypeError("The destination is not a Uint8Array");
    return encodeUtf8Into(`${source}`, destination);
  }
}

/** `TextDecoder` of the Encoding Standard, section 7.2, for UTF-8, UTF-16LE and windows-1252 with all their labels. */
export class TextDecoder {
  declare readonly [Symbol.toStringTag]: string;
  readonly #decoder: StreamDecoder;
  readonly #fatal: boolean;
  readonly #ignoreBOM: boolean;
  #midStream = false;
  #mayHaveMark = true;

  /** @throws RangeError for a label of another encoding */
  constructor(label: string | undefined = "utf-8", options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
    this.#fatal = Boolean(options?.fatal);
    this.#ignoreBOM = Boolean(options?.ignoreBOM);
    this.#decoder = decoderFor(`${label}`, this.#fatal);
  }

  get encoding(): string {
    return this.#decoder.encoding;
  }

  get fatal(): boolean {
    return this.#fatal;
  }

  get ignoreBOM(): boolean {
    return this.#ignoreBOM;
  }

  /** @throws TypeError when `fatal` and the bytes are not of the encoding, or when the input holds no bytes */
  decode(input?: Bytes, options: { stream?: boolean } = {}): string {
    const bytes = bytesOf(input);
    if (!this.#midStream) {
      this.#decoder.reset();
      this.#mayHaveMark = !this.#ignoreBOM;
    }
    this.#midStream = false;
    const stream = Boolean(options?.stream);
    const text = this.#withoutMark(this.#decoder.decode(bytes, stream));
    this.#midStream = stream;
    return text;
  }

  #withoutMark(text: string): string {
    if (!this.#mayHaveMark || text === "") return text;
    this.#mayHaveMark = false;
    return this.#decoder.hasMark && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
}

asWebInterface(TextEncoder, "TextEncoder");
asWebInterface(TextDecoder, "TextDecoder");
