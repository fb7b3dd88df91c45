/**
 * How a stored response lies in its file: a fixed part, a head with room to grow, one checksum for each block of the
 * body, and the body. What a crash has left half written, or a disk has changed, does not match its checksums.
 */
import { crc32 } from "node:zlib";

/** What of a response stands in the head of its file. */
export interface EntryHead {
  readonly key: string;
  readonly meta: string;
  readonly url: string | null;
  readonly tags: readonly string[];
  /** ms since the epoch; of two files with the same key the younger one counts. */
  readonly storedAt: number;
}

/** Where the parts of a file are, in bytes. */
export interface EntryLayout {
  /** Of the head, from `fixedBytes` on, with what is left of its room. */
  readonly headRoom: number;
  readonly bodyLength: number;
}

export const fixedBytes = 64;
export const blockBytes = 64 * 1024;
/** When a purge marked the response as stale, ms since the epoch; 0: none did. Written over in place. */
export const staleOffset = 8;

const magic = 0x534c4331;
/** Room for what a confirmation adds to the head. */
const slack = 512;
/** A head that is longer than what `ctx.cache` takes was not written here. */
const longestHead = 8 * 1024 * 1024;

export function checksumsOffset({ headRoom }: EntryLayout): number {
  return fixedBytes + headRoom;
}

export function bodyOffset(layout: EntryLayout): number {
  return checksumsOffset(layout) + 4 * blocksOf(layout.bodyLength);
}

export function fileBytes(layout: EntryLayout): number {
  return bodyOffset(layout) + layout.bodyLength;
}

export function layoutFor(head: EntryHead, bodyLength: number): EntryLayout {
  return { headRoom: Math.ceil((Buffer.byteLength(textOf(head)) + slack) / 512) * 512, bodyLength };
}

/**
 * The fixed part and the head; null when it does not fit into its room any more.
 *
 * @param staleSince ms since the epoch; null: it is not stale
 */
export function encodeHead(head: EntryHead, layout: EntryLayout, staleSince: number | null): Buffer | null {
  const text = Buffer.from(textOf(head));
  if (text.length > layout.headRoom) return null;
  const bytes = Buffer.alloc(fixedBytes + text.length);
  bytes.writeUInt32BE(magic, 0);
  bytes.writeDoubleBE(staleSince ?? 0, staleOffset);
  bytes.writeUInt32BE(layout.headRoom, 16);
  bytes.writeUInt32BE(text.length, 20);
  bytes.writeDoubleBE(layout.bodyLength, 24);
  text.copy(bytes, fixedBytes);
  bytes.writeUInt32BE(headChecksum(bytes, text), 32);
  return bytes;
}

/** What `readFixed` finds at the start of a file. */
export interface FixedPart extends EntryLayout {
  readonly headLength: number;
  readonly staleSince: number | null;
}

/** Null: no file of this format begins so. */
export function readFixed(bytes: Buffer): FixedPart | null {
  if (bytes.length < fixedBytes || bytes.readUInt32BE(0) !== magic) return null;
  const staleSince = bytes.readDoubleBE(staleOffset);
  const [headRoom, headLength] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const bodyLength = bytes.readDoubleBE(24);
  if (headLength > headRoom || headRoom > longestHead || !Number.isSafeInteger(bodyLength) || bodyLength < 0)
    return null;
  // Whatever else stands there than a time: it was marked.
  return {
    headRoom,
    headLength,
    bodyLength,
    staleSince: staleSince === 0 ? null : isTime(staleSince) ? staleSince : 1,
  };
}

function isTime(value: number): boolean {
  return Number.isFinite(value) && value > 0;
}

/** The head behind its fixed part, or null when it is not whole. @param bytes of both */
export function readHead(bytes: Buffer, { headLength }: FixedPart): EntryHead | null {
  const text = bytes.subarray(fixedBytes, fixedBytes + headLength);
  if (text.length !== headLength || bytes.readUInt32BE(32) !== headChecksum(bytes, text)) return null;
  const [key, meta, url, tags, storedAt] = JSON.parse(text.toString()) as unknown[];
  const isHead = typeof key === "string" && typeof meta === "string" && Array.isArray(tags);
  if (!isHead || typeof storedAt !== "number") return null;
  return { key, meta, url: typeof url === "string" ? url : null, tags: tags.map(String), storedAt };
}

/** One number for each block of the body. */
export function checksumsOf(parts: readonly Buffer[], length: number): Buffer {
  const sums = Buffer.alloc(4 * blocksOf(length));
  let [sum, filled, block] = [0, 0, 0];
  for (const part of parts) {
    for (let at = 0; at < part.length; ) {
      const end = Math.min(part.length, at + blockBytes - filled);
      sum = crc32(part.subarray(at, end), sum);
      filled += end - at;
      at = end;
      if (filled < blockBytes) continue;
      sums.writeUInt32BE(sum, 4 * block++);
      [sum, filled] = [0, 0];
    }
  }
  if (filled > 0) sums.writeUInt32BE(sum, 4 * block);
  return sums;
}

/** Whether a whole block of a body is what was written. */
export function isBlockWhole(bytes: Buffer, checksums: Buffer, block: number): boolean {
  return crc32(bytes) === checksums.readUInt32BE(4 * block);
}

function blocksOf(length: number): number {
  return Math.ceil(length / blockBytes);
}

/** Not of the mark, which is written over by itself. */
function headChecksum(bytes: Buffer, text: Buffer): number {
  return crc32(text, crc32(bytes.subarray(16, 32)));
}

function textOf({ key, meta, url, tags, storedAt }: EntryHead): string {
  return JSON.stringify([key, meta, url, tags, storedAt]);
}
