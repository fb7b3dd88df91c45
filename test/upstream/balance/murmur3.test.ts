import t from "tap";
import { hashBytes, hashText, mix } from "../../../core/upstream/balance/murmur3.ts";

/** Published vectors of MurmurHash3_x86_32: text in UTF-8, seed, hash. */
const vectors: readonly (readonly [text: string, seed: number, hash: number])[] = [
  ["", 0, 0],
  ["", 1, 0x514e28b7],
  ["", 0xffffffff, 0x81f16f39],
  ["test", 0, 0xba6bd213],
  ["test", 0x9747b28c, 0x704b81dc],
  ["Hello, world!", 0, 0xc0363e43],
  ["Hello, world!", 0x9747b28c, 0x24884cba],
  ["The quick brown fox jumps over the lazy dog", 0, 0x2e4ff723],
  ["The quick brown fox jumps over the lazy dog", 0x9747b28c, 0x2fa826cd],
  ["a", 0x9747b28c, 0x7fa09ea6],
  ["aa", 0x9747b28c, 0x5d211726],
  ["aaa", 0x9747b28c, 0x283e0130],
  ["aaaa", 0x9747b28c, 0x5a97808a],
  ["ππππππππ", 0x9747b28c, 0xd58063c1],
];

t.test("hashText gives the published hashes", async (t) => {
  for (const [text, seed, hash] of vectors) t.equal(hashText(text, seed), hash, `${text}, seed ${seed}`);
});

t.test("hashBytes gives those of the same bytes", async (t) => {
  for (const [text, seed, hash] of vectors) t.equal(hashBytes(new TextEncoder().encode(text), seed), hash);
  t.equal(hashBytes(Uint8Array.of(0, 0, 0, 0)), 0x2362f9de);
  t.equal(hashBytes(Uint8Array.of(0xff, 0xff, 0xff, 0xff)), 0x76293b50);
  t.equal(hashBytes(Uint8Array.of(0x21, 0x43, 0x65, 0x87)), 0xf55b516b);
});

t.test(
  "hashText hashes the UTF-8 of any text, wherever its first character beyond ASCII stands",
  async (t) => {
    for (const text of ["é", "abcé", "abcdé", "éabcdefg", "abcd€fgh", "ab😀", "\ud800", "\x80\x80\x80\x80"]) {
      t.equal(hashText(text), hashBytes(new TextEncoder().encode(text)), JSON.stringify(text));
    }
  },
);

t.test("mix gives every number another one", async (t) => {
  const seen = new Set<number>();
  for (let i = 0; i < 100_000; i++) seen.add(mix(i));
  t.equal(seen.size, 100_000);
});
