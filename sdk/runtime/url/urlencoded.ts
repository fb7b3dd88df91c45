/** `application/x-www-form-urlencoded`, URL Standard section 5. */
import { decodeUtf8Bytes, encodeUtf8 } from "../web/encoding.ts";

export type Pair = [name: string, value: string];

const needsEncoding = /[^*\-.0-9A-Z_a-z]/;
const leftByEncodeUriComponent = /[!'()~]|%20/g;

/**
 * @example
 * parseUrlencoded("a=1&b=%C3%A9+x"); // [["a", "1"], ["b", "é x"]]
 */
export function parseUrlencoded(text: string): Pair[] {
  const pairs: Pair[] = [];
  for (let start = 0; start < text.length; ) {
    const next = text.indexOf("&", start);
    const end = next < 0 ? text.length : next;
    if (end > start) pairs.push(parsePair(text.slice(start, end)));
    start = end + 1;
  }
  return pairs;
}

/**
 * @example
 * serializeUrlencoded([["b", "é x"]]); // "b=%C3%A9+x"
 */
export function serializeUrlencoded(pairs: readonly Pair[]): string {
  let text = "";
  for (const [name, value] of pairs) text += `${text === "" ? "" : "&"}${encode(name)}=${encode(value)}`;
  return text;
}

function parsePair(text: string): Pair {
  const equals = text.indexOf("=");
  if (equals < 0) return [decode(text), ""];
  return [decode(text.slice(0, equals)), decode(text.slice(equals + 1))];
}

function encode(text: string): string {
  if (!needsEncoding.test(text)) return text;
  return encodeURIComponent(text).replace(leftByEncodeUriComponent, encodeRest);
}

function encodeRest(found: string): string {
  return found === "%20" ? "+" : `%${found.charCodeAt(0).toString(16).toUpperCase()}`;
}

function decode(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return decodeLoosely(spaced);
  }
}

/** For stray percent signs and bytes that are not UTF-8. */
function decodeLoosely(text: string): string {
  const bytes = encodeUtf8(text);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] === 0x25 ? hexPair(bytes, i + 1) : -1;
    bytes[length++] = byte < 0 ? bytes[i]! : byte;
    if (byte >= 0) i += 2;
  }
  return decodeUtf8Bytes(bytes.subarray(0, length));
}

function hexPair(bytes: Uint8Array, start: number): number {
  const high = hexDigit(bytes[start]);
  const low = hexDigit(bytes[start + 1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}
