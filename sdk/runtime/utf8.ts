/**
 * UTF-8 of short texts. Entering the host costs more than these; long texts go there (encoding.ts).
 */

const replacement = 0xfffd;

/** The number of bytes that a text takes; a lone surrogate takes those of U+FFFD. */
export function utf8Length(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i)!;
    length += sizeOf(point);
    if (point > 0xffff) i++;
  }
  return length;
}

/**
 * Writes as many whole characters as there is room for.
 *
 * @returns code units read and bytes written
 */
export function encodeUtf8Into(text: string, bytes: Uint8Array): { read: number; written: number } {
  let read = 0;
  let written = 0;
  while (read < text.length) {
    const point = text.codePointAt(read)!;
    const size = sizeOf(point);
    if (written + size > bytes.length) break;
    writeCharacter(bytes, written, size, point);
    written += size;
    read += point > 0xffff ? 2 : 1;
  }
  return { read, written };
}

/** The text of these bytes, with U+FFFD for what is not UTF-8; null instead when `fatal`. A byte order mark stays. */
export function decodeUtf8(bytes: Uint8Array, fatal: boolean): string | null {
  let text = "";
  for (let i = 0; i < bytes.length; ) {
    const size = sequenceSize(bytes, i);
    if (size > 0) {
      text += String.fromCodePoint(characterAt(bytes, i, size));
      i += size;
    } else {
      if (fatal) return null;
      text += "\ufffd";
      i += -size;
    }
  }
  return text;
}

/** How many bytes at the end begin a character whose rest may still come. */
export function unfinishedTail(bytes: Uint8Array): number {
  for (let length = 1; length <= 3 && length <= bytes.length; length++) {
    const start = bytes.length - length;
    const needed = neededFrom(bytes[start]!);
    if (needed === 1) return 0;
    if (needed > 1) return needed > length && validPrefix(bytes, start, needed) === length ? length : 0;
  }
  return 0;
}

/**
 * The size of the character at `start`; or, negative, of what is replaced there as one (Unicode
 * section 3.9, "maximal subparts"; the Encoding Standard's decoder does the same).
 */
function sequenceSize(bytes: Uint8Array, start: number): number {
  const needed = neededFrom(bytes[start]!);
  if (needed === 0) return -1;
  const valid = validPrefix(bytes, start, needed);
  return valid === needed ? needed : -valid;
}

/** How many of the `needed` bytes at `start` are right. */
function validPrefix(bytes: Uint8Array, start: number, needed: number): number {
  const first = bytes[start]!;
  for (let i = 1; i < needed; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) return i;
    const low = i > 1 ? 0x80 : first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const high = i > 1 ? 0xbf : first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (byte < low || byte > high) return i;
  }
  return needed;
}

/** Bytes of the character that begins with this one; 0 when none does. */
function neededFrom(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}

function characterAt(bytes: Uint8Array, start: number, size: number): number {
  const first = bytes[start]!;
  if (size === 1) return first;
  let point = first & (0x7f >> size);
  for (let i = 1; i < size; i++) point = (point << 6) | (bytes[start + i]! & 0x3f);
  return point;
}

function sizeOf(point: number): number {
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point < 0x10000 ? 3 : 4;
}

function writeCharacter(bytes: Uint8Array, start: number, size: number, point: number): void {
  if (size === 1) {
    bytes[start] = point;
    return;
  }
  let rest = isSurrogate(point) ? replacement : point;
  for (let i = size - 1; i > 0; i--) {
    bytes[start + i] = 0x80 | (rest & 0x3f);
    rest >>= 6;
  }
  bytes[start] = ((0xf00 >> size) & 0xff) | rest;
}

function isSurrogate(point: number): boolean {
  return point >= 0xd800 && point <= 0xdfff;
}
