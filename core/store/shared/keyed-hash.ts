/**
 * HalfSipHash-1-3 with 32 bits of result: who does not know the seeds cannot find texts that share a bucket.
 * Keys come from clients, and a table whose buckets can be filled at will is slow at will.
 *
 * https://github.com/veorq/SipHash; the number of rounds is that of Linux's `hsiphash`.
 *
 * @param words little-endian; zero past the last byte
 * @param length in bytes
 */
export function keyedHash(words: Int32Array, length: number, seed0: number, seed1: number): number {
  const whole = length >>> 2;
  const last = (length << 24) | ((length & 3) === 0 ? 0 : words[whole]!);
  let v0 = seed0;
  let v1 = seed1;
  let v2 = 0x6c796765 ^ seed0;
  let v3 = 0x74656462 ^ seed1;
  // One round for each word and for the rest with the length, then three to finish.
  for (let step = 0; step < whole + 4; step++) {
    const word = step < whole ? words[step]! : step === whole ? last : 0;
    if (step === whole + 1) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return v1 ^ v3;
}
