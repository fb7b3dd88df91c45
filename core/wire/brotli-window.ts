/**
 * How far back a body in brotli refers, in bytes, as its first byte tells (RFC 7932 section 9.1): so much memory its
 * decoder takes.
 *
 * @example brotliWindow(0x0b); // 4194288
 */
export function brotliWindow(firstByte: number): number {
  return 2 ** windowBits(firstByte) - 16;
}

function windowBits(byte: number): number {
  if ((byte & 1) === 0) return 16;
  const short = (byte >> 1) & 7;
  if (short !== 0) return 17 + short;
  const long = (byte >> 4) & 7;
  // 1 is no window: the decoder will say so.
  return long < 2 ? 17 : 8 + long;
}
