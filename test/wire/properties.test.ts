import { Buffer } from "node:buffer";
import fc from "fast-check";
import t from "tap";
import { defaultLimits } from "../../core/config/defaults.ts";
import { type Message, request, response } from "./messages.ts";
import { mutated, position } from "./mutations.ts";
import { holds } from "./property.ts";
import { type Direction, type ReplayOptions, replay } from "./replay.ts";

const runs = 3000;

const directions: [Direction, fc.Arbitrary<Message>][] = [
  ["request", request],
  ["response", response],
];
const cuts = fc.array(position, { maxLength: 6 });

for (const [direction, message] of directions) {
  const messages = fc.array(message, { minLength: 1, maxLength: 3 });
  const texts = messages.map((list) => list.map(({ text }) => text).join(""));

  t.test(`What a ${direction} was written from is read back, however it is split`, async (t) => {
    await holds(
      t,
      fc.property(messages, cuts, (messages, cuts) => {
        const text = messages.map(({ text }) => text).join("");
        const log = messages.flatMap(({ log }) => log);
        return same(replay(split(text, cuts), options(direction)), log);
      }),
      runs,
    );
  });

  t.test(
    `A spoiled ${direction} throws nothing but a ProxyError, the same however it is split`,
    async (t) => {
      await holds(
        t,
        fc.property(mutated(texts), cuts, (text, cuts) => splitsAgree(text, cuts, options(direction))),
        runs,
      );
    },
  );

  t.test(`A spoiled ${direction} meets tight limits at the same byte however it is split`, async (t) => {
    const limits = fc.record({
      startLine: fc.integer({ min: 8, max: 40 }),
      head: fc.integer({ min: 16, max: 200 }),
      fields: fc.integer({ min: 1, max: 6 }),
      trailers: fc.integer({ min: 0, max: 40 }),
      chunkExtensions: fc.integer({ min: 0, max: 16 }),
    });
    await holds(
      t,
      fc.property(mutated(texts), cuts, limits, (text, cuts, tight) =>
        splitsAgree(text, cuts, { ...options(direction), limits: { ...defaultLimits, ...tight } }),
      ),
      runs,
    );
  });

  t.test(`Random bytes instead of a ${direction} throw nothing but a ProxyError`, async (t) => {
    const text = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
    await holds(
      t,
      fc.property(text, cuts, (text, cuts) => splitsAgree(text, cuts, options(direction))),
      runs,
    );
  });
}

function options(direction: Direction): ReplayOptions {
  return { direction, limits: defaultLimits, closes: false, answers: [] };
}

function splitsAgree(text: string, cuts: number[], options: ReplayOptions): boolean {
  const whole = replay(split(text, []), options);
  return same(replay(split(text, cuts), options), whole) && same(replay(singleBytes(text), options), whole);
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.join("\n") === other.join("\n");
}

/** Pieces of `text`, cut at relative positions. */
function split(text: string, cuts: readonly number[]): Buffer[] {
  const offsets = cuts.map((cut) => Math.floor(cut * text.length)).sort((a, b) => a - b);
  const starts = [0, ...offsets];
  return starts.map((start, i) => Buffer.from(text.slice(start, starts[i + 1]), "latin1"));
}

function singleBytes(text: string): Buffer[] {
  return [...text].map((character) => Buffer.from(character, "latin1"));
}
