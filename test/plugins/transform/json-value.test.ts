import fc from "fast-check";
import t from "tap";
import {
  type Json,
  JsonNumber,
  JsonSyntaxError,
  parseJson,
  writeJson,
} from "../../../plugins/transform/json-value.ts";

t.test("what JSON.parse reads is read, and written as it was", async () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), (text) => {
      const plain = JSON.stringify(JSON.parse(text));
      return JSON.stringify(JSON.parse(writeJson(parseJson(text, 64)))) === plain;
    }),
  );
});

t.test("what JSON.parse refuses is refused, and nothing else", async (t) => {
  const pieces = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    '"',
    "\\",
    "0",
    "1.5",
    "-",
    "e9",
    "true",
    "nul",
    " ",
    "\n",
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 8 }), (parts) => {
      const text = parts.join("");
      return reads(() => JSON.parse(text)) === reads(() => parseJson(text, 64));
    }),
    { numRuns: 3000 },
  );
  for (const text of [
    "",
    "01",
    "+1",
    ".5",
    "1.",
    '"\u0001"',
    '"\\x"',
    "'a'",
    "\u00a01",
    "[1,]",
    '{"a":1,}',
  ]) {
    t.ok(
      refuses(() => parseJson(text, 64)),
      text,
    );
  }
});

function refuses(read: () => unknown): boolean {
  try {
    read();
    return false;
  } catch (error) {
    return error instanceof JsonSyntaxError;
  }
}

function reads(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

t.test("numbers keep their text, whatever a double makes of them", async (t) => {
  for (const text of ["9007199254740993", "-0", "1.0", "1e400", "0.10", "123456789012345678901234567890"]) {
    t.equal(writeJson(parseJson(text, 1)), text);
    t.ok(parseJson(text, 1) instanceof JsonNumber);
  }
});

t.test("a body that ends in backslashes is no string, and costs no more than its length", async (t) => {
  t.ok(refuses(() => parseJson(`"${"\\\\".repeat(200_000)}`, 64)));
  t.equal(writeJson(parseJson('"\\\\"', 64)), '"\\\\"');
});

t.test("a long string and a long list are read", async (t) => {
  t.equal(parseJson(`"${"a".repeat(1_000_000)}"`, 64)?.toString().length, 1_000_000);
  t.equal((parseJson(`[${"1,".repeat(100_000)}1]`, 64) as Json[]).length, 100_001);
});

t.test("depth is counted in objects and lists, and one too many is refused", async (t) => {
  t.ok(refuses(() => parseJson("[[1]]", 1)));
  t.doesNotThrow(() => parseJson("[[1]]", 2));
});
