import fc from "fast-check";
import t from "tap";
import { PackedText } from "../../../core/store/shared/packed-text.ts";
import { holds } from "../../wire/property.ts";

/** Any UTF-16 code units, lone surrogates among them. */
const units = fc
  .oneof(
    fc.array(fc.integer({ min: 0, max: 0xff })),
    fc.array(fc.integer({ min: 0, max: 0xffff })),
    fc.array(fc.constantFrom(0, 0xff, 0x100, 0xd800, 0xdc00, 0xffff)),
  )
  .map((codes) => String.fromCharCode(...codes));

t.test("PackedText gives back every text as it was", async (t) => {
  const packed = new PackedText(8);
  const property = fc.property(units, (text) => {
    packed.pack(text);
    return packed.unpack() === text;
  });
  await holds(t, property, 2000);
});

t.test("PackedText: equal texts have equal words, whatever was packed before", async (t) => {
  const used = new PackedText(8);
  const property = fc.property(units, units, (before, text) => {
    const fresh = new PackedText(8);
    fresh.pack(text);
    used.pack(before);
    used.pack(text);
    const wordsOf = ({ words, wordLength }: PackedText) => words.subarray(0, wordLength).join();
    return used.isWide === fresh.isWide && wordsOf(used) === wordsOf(fresh);
  });
  await holds(t, property, 2000);
});

t.test("PackedText takes a text of a million wide characters", async (t) => {
  const packed = new PackedText();
  const text = "\ud83d\ude80".repeat(500_000);
  packed.pack(text);
  t.equal(packed.byteLength, 2_000_000);
  t.ok(packed.unpack() === text);
});
