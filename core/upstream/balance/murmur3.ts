/**
 * MurmurHash3, 32 bit (https://github.com/aappleby/smhasher, MurmurHash3_x86_32): spreads keys evenly
 * and is quick on short ones. It keeps no secrets: who chooses keys chooses hashes.
 */
const c1 = 0xcc9e2d51;
const c2 = 0x1b873593;
const encoder = new TextEncoder();

/**
 * Hash of a text in UTF-8, in [0, 2^32).
 *
 * @param seed 32 bit
 * @example
 * hashText("hello, world"); // 0x149bbb7f
 */
export function hashText(text: string, seed = 0): number {
  const { length } = text;
  const whole = length & ~3;
  let hash = seed | 0;
  let seen = 0;
  for (let i = 0; i < whole; i += 4) {
    const [a, b] = [text.charCodeAt(i), text.charCodeAt(i + 1)];
    const [c, d] = [text.charCodeAt(i + 2), text.charCodeAt(i + 3)];
    seen |= a | b | c | d;
    hash = mixWord(hash, a | (b << 8) | (c << 16) | (d << 24));
  }
  let rest = 0;
  for (let i = length - 1; i >= whole; i--) {
    const code = text.charCodeAt(i);
    seen |= code;
    rest = (rest << 8) | code;
  }
  // Beyond ASCII a character is more than one byte.
  if (seen > 0x7f) return hashBytes(encoder.encode(text), seed);
  return finish(hash, rest, length);
}

/** Hash of bytes, in [0, 2^32). */
export function hashBytes(bytes: Uint8Array, seed = 0): number {
  const { length } = bytes;
  const whole = length & ~3;
  let hash = seed | 0;
  for (let i = 0; i < whole; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    hash = mixWord(hash, word);
  }
  let rest = 0;
  for (let i = length - 1; i >= whole; i--) rest = (rest << 8) | bytes[i]!;
  return finish(hash, rest, length);
}

/** Turns a number of 32 bits into another, one to one, such that each bit of it moves half of the others. */
export function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mixWord(hash: number, word: number): number {
  const mixed = hash ^ scramble(word);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function scramble(word: number): number {
  const scrambled = Math.imul(word, c1);
  return Math.imul((scrambled << 15) | (scrambled >>> 17), c2);
}

/** @param rest the last bytes, fewer than four */
function finish(hash: number, rest: number, length: number): number {
  return mix(hash ^ scramble(rest) ^ length);
}
