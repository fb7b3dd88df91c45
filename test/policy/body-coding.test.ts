/** Encoders and decoders as pipes: any body, in any parts, on every coding; and bodies that are meant to do harm. */
import { constants, createBrotliCompress, type createGzip, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import t from "tap";
import { Timers } from "../../core/net/timers.ts";
import { type CoderPlace, CoderPlaces } from "../../core/policy/body/coder-places.ts";
import { BodyDecoder, type DecodingLimits } from "../../core/policy/body/decoder.ts";
import { BodyEncoder } from "../../core/policy/body/encoder.ts";
import { requestBodyFailures } from "../../core/policy/body/failures.ts";
import { BodyLimit } from "../../core/policy/body/limit.ts";
import { BodyChain, type BodyListener, type PipeMaker } from "../../core/policy/body/pipe.ts";
import { type ContentCoding, codingLevels, encodeWhole } from "../../core/wire/content-coding.ts";
import { through } from "./through.ts";

const codings = Object.keys(codingLevels) as ContentCoding[];
const timers = new Timers();
const places = new CoderPlaces(1000);
const MiB = 1024 * 1024;

const encoder =
  (coding: ContentCoding, flushAfter = 50): PipeMaker =>
  (listener) =>
    new BodyEncoder(
      { coding, level: codingLevels[coding].usual, flushAfter },
      listener,
      timers,
      places.take(1)!,
    );

const decoders = (list: readonly ContentCoding[], maxBytes = 100 * MiB, maxRatio = 200): PipeMaker[] => {
  const count = { received: 0 };
  const limits = { maxBytes, maxRatio };
  return list.map(
    (coding, index): PipeMaker =>
      (listener) =>
        new BodyDecoder(
          coding,
          { limits, failures: requestBodyFailures, count, isFirst: index === 0 },
          listener,
          timers,
          places.take(1)!,
        ),
  );
};

const decoderIn =
  (place: CoderPlace, coding: ContentCoding, limits: DecodingLimits): PipeMaker =>
  (listener) => {
    const settings = { limits, failures: requestBodyFailures, count: { received: 0 }, isFirst: true };
    return new BodyDecoder(coding, settings, listener, timers, place);
  };

const ignored: BodyListener = {
  onBodyPart() {},
  onBodyEnd() {},
  onBodyDrained() {},
  onBodyFailed() {},
};

const decoder = (coding: ContentCoding, maxBytes?: number, maxRatio?: number): PipeMaker =>
  decoders([coding], maxBytes, maxRatio)[0]!;

/** Cuts bytes at the given places, in thousandths of their length. */
function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set(at.map((part) => Math.floor((part * bytes.length) / 1000)))].sort(
    (a, b) => a - b,
  );
  return [0, ...places]
    .map((from, i) => bytes.subarray(from, places[i] ?? bytes.length))
    .filter((p) => p.length > 0);
}

const anyBody = fc
  .tuple(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 400 }), fc.boolean())
  .map(([seed, times, isRandom]) => {
    const body = Buffer.concat(Array.from({ length: times }, () => seed));
    if (isRandom) for (let i = 0; i < body.length; i++) body[i] = (body[i]! * 31 + i * 7919) & 0xff;
    return body;
  });
const anyCuts = fc.array(fc.integer({ min: 0, max: 999 }), { maxLength: 8 });
const anyOptions = fc.record({ stopEvery: fc.integer({ min: 0, max: 3 }), endsAtOnce: fc.boolean() });

for (const coding of codings) {
  t.test(`any body in any parts comes out of ${coding} as it went in`, async (t) => {
    await fc.assert(
      fc.asyncProperty(anyBody, anyCuts, anyCuts, anyOptions, async (body, cuts, others, options) => {
        const encoded = await through(
          encoder(coding, cuts.length % 2 === 0 ? 0 : 50),
          cut(body, cuts),
          options,
        );
        if (encoded.error !== null) return false;
        const decoded = await through(decoder(coding, 100 * MiB, 1e9), cut(encoded.bytes, others), options);
        return decoded.error === null && decoded.bytes.equals(body);
      }),
      { numRuns: 60 },
    );
    t.equal(places.taken, 0, "every coder has given back its place");
  });

  t.test(`a body in ${coding} that is cut off anywhere is no body`, async (t) => {
    const whole = encodeWhole(
      coding,
      codingLevels[coding].usual,
      Buffer.from("the whole of it ".repeat(3000)),
    );
    for (const length of [1, 2, 5, whole.length >> 1, whole.length - 4, whole.length - 1]) {
      for (const endsAtOnce of [true, false]) {
        const parts = cut(whole.subarray(0, length), [500]);
        const { error } = await through(decoder(coding), parts, { endsAtOnce });
        t.equal(error?.code, "content_malformed", `${length} of ${whole.length} bytes`);
      }
    }
    t.equal(places.taken, 0);
  });

  t.test(`what stands behind the end of ${coding} is no part of a body`, async (t) => {
    const whole = encodeWhole(coding, codingLevels[coding].usual, Buffer.from("hello"));
    for (const surplus of ["\0", "garbage!", "\0\0\0\0\0\0\0\0"]) {
      const bytes = Buffer.from(surplus, "latin1");
      for (const parts of [[Buffer.concat([whole, bytes])], [whole, bytes]]) {
        for (const endsAtOnce of [true, false]) {
          const { error } = await through(decoder(coding), parts, { endsAtOnce });
          t.equal(error?.code, "content_malformed", JSON.stringify(surplus));
        }
      }
    }
  });

  t.test(`a body that only says to be ${coding} is refused`, async (t) => {
    const text = Buffer.from("this is plain text, and enough of it to be read for something else".repeat(10));
    for (const parts of [[text], cut(text, [1, 100, 500])]) {
      t.equal((await through(decoder(coding), parts)).error?.code, "content_malformed");
    }
  });

  t.test(`a bomb in ${coding} is stopped at its limit: 64 MiB in one body`, async (t) => {
    const bomb = await encodedZeros(coding, 64);
    t.ok(bomb.length < 200 * 1024, `${bomb.length} bytes`);
    const byLength = await through(decoder(coding, 4 * MiB, 1e9), cut(bomb, [250, 500]));
    t.equal(byLength.error?.code, "body_too_large");
    t.ok(byLength.bytes.length <= 4 * MiB, `${byLength.bytes.length} bytes came out`);
    const byRatio = await through(decoder(coding, 1024 * MiB, 200), cut(bomb, [250, 500]));
    t.equal(byRatio.error?.code, "content_malformed");
    t.ok(byRatio.bytes.length <= Math.max(200 * bomb.length, MiB), `${byRatio.bytes.length} bytes came out`);
    t.equal(places.taken, 0);
  });
}

t.test("a bomb within a bomb counts from what came in: 1 KiB for 64 MiB", async (t) => {
  const inner = await encodedZeros("gzip", 64);
  const bomb = zstdCompressSync(gzipSync(inner));
  t.ok(bomb.length < 2048, `${bomb.length} bytes`);
  const chain: PipeMaker = (listener) =>
    new BodyChain(decoders(["zstd", "gzip", "gzip"], 1024 * MiB), listener);
  const { error, bytes } = await through(chain, cut(bomb, [300, 600]));
  t.equal(error?.code, "content_malformed");
  t.ok(bytes.length <= MiB, `${bytes.length} bytes came out`);
});

t.test("members and frames one behind the other are one body", async (t) => {
  for (const coding of ["gzip", "zstd"] as const) {
    const one = encodeWhole(coding, 3, Buffer.from("one "));
    const two = encodeWhole(coding, 3, Buffer.from("two"));
    for (const parts of [
      [Buffer.concat([one, two])],
      [one, two],
      cut(Buffer.concat([one, two]), [300, 700]),
    ]) {
      for (const endsAtOnce of [true, false]) {
        const { bytes, error } = await through(decoder(coding), parts, { endsAtOnce });
        t.equal(bytes.toString(), "one two", `${coding}: ${error?.message}`);
      }
    }
    const cutOff = Buffer.concat([one, two.subarray(0, -1)]);
    t.equal((await through(decoder(coding), [cutOff])).error?.code, "content_malformed");
  }
});

t.test("coders one behind the other, with a limit between, take off what they put on", async (t) => {
  const anyStack = fc.array(fc.constantFrom(...codings), { minLength: 1, maxLength: 4 });
  const limit: PipeMaker = (listener) => new BodyLimit(100 * MiB, () => new Error() as never, listener);
  const isRight = fc.asyncProperty(
    anyBody,
    anyCuts,
    anyOptions,
    anyStack,
    async (body, cuts, options, stack) => {
      const chain: PipeMaker = (listener) =>
        new BodyChain(
          [...stack.map((coding) => encoder(coding)), limit, ...decoders(stack.toReversed(), 100 * MiB, 1e9)],
          listener,
        );
      const { bytes, error } = await through(chain, cut(body, cuts), options);
      return error === null && bytes.equals(body);
    },
  );
  await fc.assert(isRight, { numRuns: 60 });
  t.equal(places.taken, 0);
});

t.test("a chain of nothing passes what it is given", async (t) => {
  const { bytes } = await through((listener) => new BodyChain([], listener), [Buffer.from("as it is")]);
  t.equal(bytes.toString(), "as it is");
});

t.test("a frame of zstd that wants a window of 32 MiB gets none", async (t) => {
  const { createZstdCompress } = await import("node:zlib");
  const wide = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: 25 } });
  const frame = await collect(wide, Buffer.alloc(100_000, "abc"));
  t.equal((await through(decoder("zstd"), [frame])).error?.code, "content_malformed");
});

t.test("a body of one byte at a time, each a part of its own, comes through", async (t) => {
  const encoded = encodeWhole("br", 4, Buffer.from("slowly ".repeat(50)));
  const { bytes } = await through(
    decoder("br"),
    cut(
      encoded,
      Array.from({ length: 1000 }, (_, i) => i),
    ),
  );
  t.equal(bytes.toString(), "slowly ".repeat(50));
});

t.test("with flushAfter 0 each part can be decoded when it has come, without the next one", async (t) => {
  for (const coding of codings) {
    const seen: string[] = [];
    let arrived = Promise.withResolvers<void>();
    const into = decoder(coding)({
      onBodyPart(bytes) {
        seen.push(bytes.toString());
        arrived.resolve();
      },
      onBodyEnd() {},
      onBodyDrained() {},
      onBodyFailed: (error) => t.fail(error.message),
    });
    const pipe = encoder(
      coding,
      0,
    )({
      onBodyPart: (bytes) => void into.push(Buffer.from(bytes), false),
      onBodyEnd() {},
      onBodyDrained() {},
      onBodyFailed: (error) => t.fail(error.message),
    });
    for (const event of ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"]) {
      arrived = Promise.withResolvers();
      pipe.push(Buffer.from(event), false);
      await arrived.promise;
      t.equal(seen.at(-1), event, coding);
    }
    pipe.cancel();
    into.cancel();
  }
  t.equal(places.taken, 0);
});

t.test("with flushAfter a pause of the source brings what there is", async (t) => {
  let now = 0;
  const clock = new Timers(() => now);
  const encoding = { coding: "gzip", level: 5, flushAfter: 50 } as const;
  const arrived = Promise.withResolvers<number>();
  let length = 0;
  const drained = Promise.withResolvers<void>();
  const pipe = new BodyEncoder(
    encoding,
    {
      onBodyPart(bytes) {
        length += bytes.length;
        if (length > 10) arrived.resolve(length);
      },
      onBodyEnd() {},
      onBodyDrained: () => drained.resolve(),
      onBodyFailed: (error) => t.fail(error.message),
    },
    clock,
    places.take(1)!,
  );
  pipe.push(Buffer.from("a part of it"), false);
  await drained.promise;
  t.ok(length <= 10, "nothing but the head of gzip");
  for (let i = 0; i < 4; i++) {
    now += 50;
    clock.expire();
  }
  t.ok((await arrived.promise) > 10);
  pipe.cancel();
});

t.test("a taker that stops stops the decoder: 64 MiB are not made for nobody", async (t) => {
  const bomb = await encodedZeros("gzip", 64);
  let length = 0;
  const pipe = decoder(
    "gzip",
    1024 * MiB,
    1e9,
  )({
    onBodyPart(bytes) {
      length += bytes.length;
      pipe.hold();
    },
    onBodyEnd() {},
    onBodyDrained() {},
    onBodyFailed: (error) => t.fail(error.message),
  });
  pipe.push(bomb, false);
  while (length === 0) await new Promise((resolve) => setImmediate(resolve));
  const before = length;
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.equal(length, before);
  t.ok(length < 128 * 1024, `${length} bytes`);
  pipe.cancel();
  t.equal(places.taken, 0);
});

t.test(
  "a body of 46 bytes in brotli takes the 16 MiB that its decoder will take, or is refused",
  async (t) => {
    const zeros = Buffer.alloc(20 * MiB);
    const wide = createBrotliCompress({
      params: { [constants.BROTLI_PARAM_QUALITY]: 2, [constants.BROTLI_PARAM_LGWIN]: 24 },
    });
    const bomb = await collect(wide, zeros);
    t.ok(bomb.length < 64, `${bomb.length} bytes`);
    const small = new CoderPlaces(20);
    const makeIn = (place: CoderPlace | null): PipeMaker =>
      decoderIn(place!, "br", { maxBytes: 1024 * MiB, maxRatio: 1e9 });
    const first = makeIn(small.take(1))({ ...ignored, onBodyPart: () => first.hold() });
    first.push(bomb.subarray(0, -1), false);
    await new Promise((resolve) => setImmediate(resolve));
    t.equal(small.taken, 17);
    const { error } = await through(makeIn(small.take(1)), [bomb.subarray(0, -1)]);
    t.equal(error?.code, "decoders_exhausted");
    t.equal(small.taken, 17, "who was refused holds nothing");
    first.cancel();
    t.equal(small.taken, 0);
  },
);

t.test("a decoder of zstd takes more as it fills its window", async (t) => {
  const small = new CoderPlaces(5);
  const bomb = await encodedZeros("zstd", 64);
  const make = decoderIn(small.take(1)!, "zstd", { maxBytes: 1024 * MiB, maxRatio: 1e9 });
  const { error, bytes } = await through(make, cut(bomb, [500]));
  t.equal(error?.code, "decoders_exhausted");
  t.ok(bytes.length <= 5 * MiB, `${bytes.length} bytes`);
  t.equal(small.taken, 0);
});

t.test("more coders than places there are not", async (t) => {
  const two = new CoderPlaces(2);
  const first = two.take(1);
  t.ok(first);
  t.ok(two.take(1));
  t.equal(two.take(1), null);
  first!.giveBack();
  first!.giveBack();
  t.equal(two.taken, 1, "one place is given back once");
});

async function encodedZeros(coding: ContentCoding, mebibytes: number): Promise<Buffer> {
  const zeros = Buffer.alloc(mebibytes * MiB);
  if (coding !== "br") return encodeWhole(coding, coding === "zstd" ? 1 : 9, zeros);
  return collect(createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 2 } }), zeros);
}

async function collect(coder: ReturnType<typeof createGzip>, bytes: Buffer): Promise<Buffer> {
  const parts: Buffer[] = [];
  const ended = new Promise((resolve) => coder.on("end", resolve));
  coder.on("data", (part: Buffer) => parts.push(part));
  coder.end(bytes);
  await ended;
  return Buffer.concat(parts);
}
