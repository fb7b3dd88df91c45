import fc from "fast-check";
import t from "tap";
import { readJson } from "../../../plugins/validate/read-json.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

t.test("what JSON.parse reads is read, from bytes and from text", async () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 10 }), (text) => {
      const expected = JSON.stringify({ value: JSON.parse(text) });
      return [text, bytes(text)].every((content) => JSON.stringify(readJson(content)) === expected);
    }),
  );
});

t.test("a name that an object has twice is found, wherever and however it is written", async () => {
  const name = fc.constantFrom('"a"', '"\\u0061"', '"a:"', '"\\""', '"__proto__"', '"b\\\\"');
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom("1", '":"', '"\\":"', "null"),
      tie("list"),
      tie("object"),
    ),
    list: fc.array(tie("value"), { maxLength: 3 }).map((items) => `[${items.join()}]`),
    object: fc
      .array(fc.tuple(name, fc.constantFrom("", " "), tie("value")), { maxLength: 3 })
      .map((members) => `{${members.map(([name, blank, item]) => `${name}${blank}:${item}`).join()}}`),
  }));
  /** By a count that nothing is taken from: of each object as it was written. */
  const hasTwins = (text: string) => {
    const names: Set<string>[] = [];
    for (const [token, string] of text.matchAll(/\{|\}|("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"/g)) {
      if (token === "{") names.push(new Set());
      else if (token === "}") names.pop();
      else if (string !== undefined) {
        const known = names.at(-1)!;
        if (known.has(JSON.parse(string))) return true;
        known.add(JSON.parse(string));
      }
    }
    return false;
  };
  fc.assert(
    fc.property(value, (text) => {
      const read = readJson(text as string);
      return hasTwins(text as string)
        ? "problem" in read && read.problem === "has a name twice in one object"
        : "value" in read;
    }),
    { numRuns: 3000 },
  );
});

t.test("what is no JSON, too deep or no UTF-8 is told apart", async (t) => {
  t.same(readJson('{"a":1,}'), { problem: "is not JSON" });
  t.same(readJson("\ufeff{}"), { problem: "is not JSON" });
  t.same(readJson(bytes("\ufeff{}")), { problem: "is not JSON" });
  t.same(readJson(Uint8Array.of(0x22, 0xff, 0x22)), { problem: "is not UTF-8" });
  t.same(readJson("[".repeat(101) + "]".repeat(101)), { problem: "is nested more than 100 deep" });
  t.type((readJson("[".repeat(100) + "]".repeat(100)) as { value: unknown }).value, Array);
});

t.test("a string of millions of characters or escapes costs no more than its length", async (t) => {
  const begun = performance.now();
  for (const part of ["a", "\\n", "\\\\", ":", '\\"']) {
    const text = JSON.stringify("x").replace("x", part.repeat(4_000_000));
    t.ok("value" in readJson(`{"a":${text}}`), part);
  }
  t.ok(performance.now() - begun < 5000);
});
