import { constants, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import t from "tap";
import { ZstdFrames } from "../../core/wire/zstd-frames.ts";

const frameOf = (body: Uint8Array, isChecked: boolean, level: number) =>
  zstdCompressSync(body, {
    params: {
      [constants.ZSTD_c_checksumFlag]: isChecked ? 1 : 0,
      [constants.ZSTD_c_compressionLevel]: level,
    },
  });

/** Section 3.1.2. */
const skippable = (length: number) =>
  Buffer.concat([Buffer.from([0x5a, 0x2a, 0x4d, 0x18, length, 0, 0, 0]), Buffer.alloc(length, 0x28)]);

const wholeness = (bytes: Buffer, step: number): boolean[] => {
  const frames = new ZstdFrames();
  const seen: boolean[] = [];
  for (let at = 0; at < bytes.length; at += step) {
    frames.push(bytes.subarray(at, at + step));
    seen.push(frames.areWhole);
  }
  return seen;
};

t.test("a frame is whole with its last byte, and not before, however it is cut", async (t) => {
  const isRight = fc.property(
    fc.uint8Array({ maxLength: 2000 }),
    fc.boolean(),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 50 }),
    fc.integer({ min: 1, max: 300 }),
    (seed, isChecked, level, step, times) => {
      const frame = frameOf(Buffer.concat(Array.from({ length: times }, () => seed)), isChecked, level);
      const seen = wholeness(frame, step);
      return seen.at(-1) === true && !seen.slice(0, -1).includes(true);
    },
  );
  t.doesNotThrow(() => fc.assert(isRight, { numRuns: 60 }));
});

t.test("several frames, some to be skipped, are whole at the end of each", async (t) => {
  const first = frameOf(Buffer.from("one"), true, 3);
  const all = Buffer.concat([first, skippable(5), frameOf(Buffer.from("two"), false, 3), skippable(0)]);
  const ends = wholeness(all, 1).flatMap((isWhole, index) => (isWhole ? [index + 1] : []));
  t.equal(ends.length, 4);
  t.equal(ends[0], first.length);
  t.equal(ends[1], first.length + 13);
  t.equal(ends.at(-1), all.length);
});

t.test("nothing, and what is no frame, is never whole", async (t) => {
  t.notOk(new ZstdFrames().areWhole);
  t.notOk(wholeness(Buffer.from("this is plain text"), 3).includes(true));
});
