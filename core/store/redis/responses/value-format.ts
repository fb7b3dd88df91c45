/**
 * How a stored response lies in Redis: one value with a fixed part, a head and the body, so that nobody ever reads the
 * head of one response with the body of another. Whatever else is found under its key was not written here.
 */
import { crc32 } from "node:zlib";

/** What of a response stands in the head of its value. */
export interface ValueHead {
  readonly key: string;
  readonly meta: string;
  readonly url: string | null;
  readonly tags: readonly string[];
  /** ms since the epoch; null: it does not say. */
  readonly freshUntil: number | null;
}

export interface SharedValue {
  readonly head: ValueHead;
  /** Of the last purge that its request came after. */
  readonly serial: number;
  readonly body: Buffer;
}

/** The last digit is the version of this format. */
const magic = 0x534c5231;
const fixedBytes = 24;
/** The checksum is over what is behind it. */
const checked = 8;
/** Bytes of the head: it has as much of meta, tags and URL as `ctx.cache` takes. */
const longestHead = 1024 * 1024;

/** Bytes of a value with a body of so many at most: more is not read. */
export function longestValue(body: number): number {
  return fixedBytes + longestHead + body;
}

/** Null: its head is too long. */
export function encodeValue(head: ValueHead, serial: number, body: readonly Buffer[]): Buffer | null {
  const { key, meta, url, tags, freshUntil } = head;
  const text = Buffer.from(JSON.stringify([key, meta, url, tags, freshUntil]));
  if (text.length > longestHead) return null;
  const fixed = Buffer.alloc(fixedBytes);
  const bytes = Buffer.concat([fixed, text, ...body]);
  bytes.writeUInt32BE(magic, 0);
  bytes.writeDoubleBE(serial, 8);
  bytes.writeUInt32BE(text.length, 16);
  bytes.writeUInt32BE(bytes.length - fixedBytes - text.length, 20);
  bytes.writeUInt32BE(crc32(bytes.subarray(checked)), 4);
  return bytes;
}

/**
 * What a value says, or null when it was not written for this key by `encodeValue`, as a whole.
 *
 * @param mostBody bytes
 */
export function decodeValue(bytes: Buffer, key: string, mostBody: number): SharedValue | null {
  if (bytes.length < fixedBytes || bytes.readUInt32BE(0) !== magic) return null;
  const serial = bytes.readDoubleBE(8);
  const [headLength, bodyLength] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  if (headLength > longestHead || bodyLength > mostBody) return null;
  if (bytes.length !== fixedBytes + headLength + bodyLength) return null;
  if (!Number.isSafeInteger(serial) || bytes.readUInt32BE(4) !== crc32(bytes.subarray(checked))) return null;
  const bodyStart = fixedBytes + headLength;
  const head = readHead(bytes.toString("utf8", fixedBytes, bodyStart));
  if (head === null || head.key !== key) return null;
  // A part of what arrived would keep all of it in memory.
  const body = Buffer.allocUnsafeSlow(bodyLength);
  bytes.copy(body, 0, bodyStart);
  return { head, serial, body };
}

function readHead(text: string): ValueHead | null {
  const [key, meta, url, tags, freshUntil] = parseList(text);
  const isHead = typeof key === "string" && typeof meta === "string" && isTexts(tags);
  if (!isHead || (url !== null && typeof url !== "string")) return null;
  return { key, meta, url, tags, freshUntil: typeof freshUntil === "number" ? freshUntil : null };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function parseList(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
