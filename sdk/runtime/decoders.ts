import { callText } from "./host.ts";
import { HostOp } from "./host-op.ts";
import { trimmed } from "./trimmed.ts";
import { decodeUtf8, unfinishedTail } from "./utf8.ts";

/** Decodes a stream of bytes; a character that a chunk ends within is kept for the next. */
export interface StreamDecoder {
  /** Name of the encoding, as `TextDecoder.encoding` gives it. */
  readonly encoding: string;
  /** Whether a text may begin with a byte order mark. */
  readonly hasMark: boolean;
  reset(): void;
  decode(bytes: Uint8Array, stream: boolean): string;
}

/** Up to this many bytes are decoded here, more by the host. */
const shortInput = 64;
const noBytes = new Uint8Array(0);

const utf8Label = /^(?:unicode-1-1-utf-8|unicode(?:11|20)utf8|utf-?8|x-unicode20utf8)$/;
const utf16Label = /^(?:csunicode|iso-10646-ucs-2|ucs-2|unicode|unicodefeff|utf-16(?:le)?)$/;
const latin1Label =
  /^(?:ansi_x3\.4-1968|ascii|cp1252|cp819|csisolatin1|ibm819|iso-?8859-?1|iso-ir-100|iso_8859-1(?::1987)?|l1|latin1|us-ascii|windows-1252|x-cp1252)$/;

/** What windows-1252 has where ISO 8859-1 has control characters, 0x80 to 0x9f. */
const windows1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

/**
 * The decoder of a label, Encoding Standard section 4.2.
 *
 * @throws RangeError for a label of an encoding that is not here
 */
export function decoderFor(label: string, fatal: boolean): StreamDecoder {
  const name = trimmed(label, isWhitespace).toLowerCase();
  if (utf8Label.test(name)) return new Utf8Decoder(fatal);
  if (utf16Label.test(name)) return new Utf16Decoder(fatal);
  if (latin1Label.test(name)) return new Windows1252Decoder();
  throw new RangeError(`Encoding ${JSON.stringify(label)} is not supported`);
}

class Utf8Decoder implements StreamDecoder {
  readonly encoding = "utf-8";
  readonly hasMark = true;
  private readonly fatal: boolean;
  private rest: Uint8Array = noBytes;

  constructor(fatal: boolean) {
    this.fatal = fatal;
  }

  reset(): void {
    this.rest = noBytes;
  }

  decode(input: Uint8Array, stream: boolean): string {
    const bytes = concatenated(this.rest, input);
    const tail = stream ? unfinishedTail(bytes) : 0;
    const end = bytes.length - tail;
    this.rest = tail === 0 ? noBytes : bytes.slice(end);
    return this.decodeWhole(tail === 0 ? bytes : bytes.subarray(0, end));
  }

  private decodeWhole(bytes: Uint8Array): string {
    if (bytes.length > shortInput) return callText(HostOp.utf8Decode, this.fatal ? "fatal" : "", bytes);
    const text = decodeUtf8(bytes, this.fatal);
    if (text === null) throw malformed("UTF-8");
    return text;
  }
}

class Utf16Decoder implements StreamDecoder {
  readonly encoding = "utf-16le";
  readonly hasMark = true;
  private readonly fatal: boolean;
  private rest: Uint8Array = noBytes;

  constructor(fatal: boolean) {
    this.fatal = fatal;
  }

  reset(): void {
    this.rest = noBytes;
  }

  decode(input: Uint8Array, stream: boolean): string {
    const bytes = concatenated(this.rest, input);
    const odd = bytes.length % 2;
    let end = bytes.length - odd;
    if (stream && end > 0 && isLeadByte(bytes[end - 1]!)) end -= 2;
    this.rest = stream ? bytes.slice(end) : noBytes;
    const text = textOf(end / 2, (i) => bytes[2 * i]! | (bytes[2 * i + 1]! << 8));
    const isBroken = !text.isWellFormed() || (!stream && odd === 1);
    if (!isBroken) return text;
    if (this.fatal) throw malformed("UTF-16");
    return text.toWellFormed() + (!stream && odd === 1 ? "\ufffd" : "");
  }
}

class Windows1252Decoder implements StreamDecoder {
  readonly encoding = "windows-1252";
  readonly hasMark = false;

  reset(): void {}

  decode(bytes: Uint8Array): string {
    return textOf(bytes.length, (i) => {
      const byte = bytes[i]!;
      return byte < 0x80 || byte > 0x9f ? byte : windows1252.charCodeAt(byte - 0x80);
    });
  }
}

/** ASCII whitespace, Infra Standard section 4.6. */
function isWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0c || code === 0x0d;
}

/** Whether a code unit with this high byte wants another after it. */
function isLeadByte(high: number): boolean {
  return high >= 0xd8 && high <= 0xdb;
}

function concatenated(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

/** Makes a text of code units, in pieces that fit the arguments of a call. */
function textOf(length: number, unitAt: (index: number) => number): string {
  const units = new Uint16Array(Math.min(length, 4096));
  let text = "";
  for (let start = 0; start < length; start += units.length) {
    const count = Math.min(units.length, length - start);
    for (let i = 0; i < count; i++) units[i] = unitAt(start + i);
    text += String.fromCharCode(...units.subarray(0, count));
  }
  return text;
}

function malformed(encoding: string): TypeError {
  return new TypeError(`The bytes are not ${encoding}`);
}
