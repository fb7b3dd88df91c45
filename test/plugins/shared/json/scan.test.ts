import fc from "fast-check";
import t from "tap";
import { JsonScan } from "../../../../plugins/shared/json/scan.ts";

/** Whether the whole of a text is plain JSON. */
function isPlain(text: string, depth = 100): boolean {
  const scan = new JsonScan(text);
  const end = scan.value(scan.blank(0), depth);
  return end >= 0 && scan.blank(end) === text.length;
}

function reads(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

t.test("what JSON.parse reads is stepped over, and nothing else", async (t) => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), (text) => {
      // Names that fast-check writes with escapes are another matter.
      return isPlain(text) || /"[^"]*\\/.test(text);
    }),
  );
  const pieces = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    '"b"',
    '"',
    "\\",
    "0",
    "1.5",
    "-",
    "e9",
    "E+1",
    "null",
    "nul",
  ];
  const blanks = [" ", "\n", "\t\r", "\v", "\u00a0", "\ufeff", "\0"];
  let read = 0;
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces, ...blanks), { maxLength: 9 }), (parts) => {
      const text = parts.join("");
      if (isPlain(text)) read++;
      return isPlain(text) ? reads(text) : !reads(text) || /"a".*"a"|"b".*"b"|\\/s.test(text);
    }),
    { numRuns: 20_000 },
  );
  t.ok(read > 50, `${read} were JSON`);
});

t.test("strings and numbers are held to their grammar", async (t) => {
  for (const text of [
    '"\\u00e9\\n\\/"',
    `"${"é".repeat(500)}\\t${"a".repeat(500)}"`,
    "-0.5e-10",
    "0",
    "1E5",
    '""',
  ])
    t.ok(isPlain(text), text);
  const long = "a".repeat(500);
  for (const text of [
    '"\\x"',
    '"\\u00g0"',
    '"\\',
    '"a',
    `"${long}`,
    `"${long}\n"`,
    `"${long}\\`,
    `"${long}\\u12"`,
    '"\u0001"',
  ])
    t.notOk(isPlain(text), text);
  for (const text of [
    "01",
    "-",
    "+1",
    ".5",
    "1.",
    "1e",
    "1e+",
    "0x1",
    "-01",
    "1.5.5",
    "NaN",
    "truetrue",
    "tru",
  ])
    t.notOk(isPlain(text), text);
});

t.test("a name that an object has twice, or in disguise, is found", async (t) => {
  const members = (count: number) =>
    Array.from({ length: count }, (_, i) => `"n${i}":{"n0":{},"n1":[]}`).join();
  for (const count of [1, 15, 16, 17, 18, 500]) {
    t.ok(isPlain(`{${members(count)}}`));
    t.ok(isPlain(`[{${members(count)}},{${members(count)}}]`));
    t.ok(isPlain(`{"o":{${members(count)}},"p":{${members(count)}}}`));
    t.notOk(isPlain(`{${members(count)},"n${count - 1}":1}`));
    t.notOk(isPlain(`{${members(count)},"x":{${members(count)},"n0":1}}`));
  }
  t.notOk(isPlain('{"\\u0061":1}'));
  t.ok(isPlain('{"a":"\\u0061","aa":1,"ab":1,"":1}'));
});

t.test("depth is counted in objects and lists", async (t) => {
  t.ok(isPlain('[{"a":[1]},[[]]]', 3));
  t.notOk(isPlain('[{"a":[1]}]', 2));
  t.notOk(isPlain("[".repeat(100_000), 64));
});

t.test("hostile texts take no more than their length", async (t) => {
  const begun = performance.now();
  t.notOk(isPlain(`"${"\\\\".repeat(500_000)}`));
  t.ok(isPlain(`{${Array.from({ length: 50_000 }, (_, i) => `"${i}":1`).join()}}`));
  t.ok(isPlain(`{${Array.from({ length: 15 }, (_, i) => `"${"a".repeat(50_000)}${i + 10}":1`).join()}}`));
  t.ok(performance.now() - begun < 2000);
});
