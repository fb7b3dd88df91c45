import t from "tap";
import { keyedHash } from "../../../core/store/shared/keyed-hash.ts";

/** Of Linux's lib/test_siphash.c: the bytes 0, 1, 2, ... under the key 00 01 02 ... 07, by length. */
const vectors = [0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b, 0xa0080b65];

t.test("keyedHash is HalfSipHash-1-3", async (t) => {
  for (const [length, expected] of vectors.entries()) {
    const bytes = new Uint8Array(8);
    for (let index = 0; index < length; index++) bytes[index] = index;
    const hash = keyedHash(new Int32Array(bytes.buffer), length, 0x03020100, 0x07060504);
    t.equal(hash >>> 0, expected, `of ${length} bytes`);
  }
});

t.test("keyedHash depends on both seeds and on the length", async (t) => {
  const words = new Int32Array(4);
  const hashes = new Set([
    keyedHash(words, 8, 1, 2),
    keyedHash(words, 8, 3, 2),
    keyedHash(words, 8, 1, 3),
    keyedHash(words, 9, 1, 2),
    keyedHash(words, 12, 1, 2),
  ]);
  t.equal(hashes.size, 5);
});
