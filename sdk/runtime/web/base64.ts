import { DOMException } from "./dom-exception.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const whitespace = /[\t\n\f\r ]+/g;
/** Digits, with the padding right or left out: a group of one digit never stands. */
const wellFormed = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/**
 * Base64 of a text of bytes (HTML Standard, section 8.3).
 *
 * @throws DOMException InvalidCharacterError for a character beyond U+00FF
 * @example
 * btoa("user:secret"); // "dXNlcjpzZWNyZXQ="
 */
export function btoa(data: string): string {
  // biome-ignore lint/complexity/noArguments: an absent argument is refused, `undefined` is a text
  if (arguments.length === 0) throw new TypeError("btoa needs an argument");
  const text = `${data}`;
  let encoded = "";
  for (let i = 0; i < text.length; i += 3) {
    const a = text.charCodeAt(i);
    const b = i + 1 < text.length ? text.charCodeAt(i + 1) : 0;
    const c = i + 2 < text.length ? text.charCodeAt(i + 2) : 0;
    if ((a | b | c) > 0xff) throw invalid("Cannot encode as base64: a character is beyond U+00FF");
    encoded += alphabet[a >> 2]! + alphabet[((a & 3) << 4) | (b >> 4)]!;
    encoded += i + 1 < text.length ? alphabet[((b & 15) << 2) | (c >> 6)]! : "=";
    encoded += i + 2 < text.length ? alphabet[c & 63]! : "=";
  }
  return encoded;
}

/**
 * The text of bytes that a base64 text stands for; whitespace is skipped, padding may be left out
 * (Infra Standard, "forgiving-base64 decode").
 *
 * @throws DOMException InvalidCharacterError
 * @example
 * atob("dXNlcjpzZWNyZXQ="); // "user:secret"
 */
export function atob(data: string): string {
  // biome-ignore lint/complexity/noArguments: as above
  if (arguments.length === 0) throw new TypeError("atob needs an argument");
  const text = `${data}`.replace(whitespace, "");
  if (!wellFormed.test(text)) throw invalid("Cannot decode base64: the text is malformed");
  let decoded = "";
  for (let i = 0; i < text.length; i += 4) {
    const a = digit(text, i);
    const b = digit(text, i + 1);
    const c = digit(text, i + 2);
    const d = digit(text, i + 3);
    decoded += String.fromCharCode((a << 2) | (b >> 4));
    if (c >= 0) decoded += String.fromCharCode(((b & 15) << 4) | (c >> 2));
    if (d >= 0) decoded += String.fromCharCode(((c & 3) << 6) | d);
  }
  return decoded;
}

/** The value of a digit; negative for padding and past the end. */
function digit(text: string, index: number): number {
  const code = text.charCodeAt(index);
  if (code >= 0x61) return code - 0x61 + 26;
  if (code >= 0x41) return code - 0x41;
  if (code >= 0x30 && code <= 0x39) return code - 0x30 + 52;
  if (code === 0x2b) return 62;
  return code === 0x2f ? 63 : -1;
}

function invalid(message: string): DOMException {
  return new DOMException(message, "InvalidCharacterError");
}
