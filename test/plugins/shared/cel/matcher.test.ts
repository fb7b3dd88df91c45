import fc from "fast-check";
import t from "tap";
import { Budget } from "../../../../plugins/shared/cel/budget.ts";
import { compileMatcher, type Spans } from "../../../../plugins/shared/cel/matcher.ts";
import { searchInV8 } from "./search-in-v8.ts";

const budget = new Budget();
const plain = { ignoresCase: false, isMultiline: false };

function find(pattern: string, text: string, from = 0, flags = plain): Spans | null {
  budget.refill(1_000_000);
  return compileMatcher(pattern, flags).find(text, from, budget);
}

/** Patterns that repeat nothing empty: there, engines that go back and those that do not may differ. */
const { pattern } = fc.letrec<{ pattern: string; solid: string }>((tie) => ({
  solid: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "\\d", "é", "😀"),
    tie("solid").map((inner) => `(${inner})`),
    fc.tuple(tie("solid"), tie("solid")).map(([one, other]) => `(?:${one}|${other})`),
    fc.tuple(tie("solid"), tie("solid")).map(([one, other]) => `(${one}|${one}${other})`),
  ),
  pattern: fc
    .array(
      fc.oneof(
        fc
          .tuple(tie("solid"), fc.constantFrom("", "*", "+", "?", "{2}", "{1,2}", "*?", "+?", "??", "{0,2}?"))
          .map(([solid, count]) => solid + count),
        fc.constantFrom("^", "$", "\\b"),
        fc.constant("|"),
      ),
      { maxLength: 5 },
    )
    .map((parts) => parts.join("")),
}));

t.test("a match lies where an engine that goes back finds it", async () => {
  const text = fc
    .array(fc.constantFrom("a", "b", "1", " ", "\n", "é", "😀"), { maxLength: 10 })
    .map((signs) => signs.join(""));
  fc.assert(
    fc.property(pattern.filter(isSound), text, fc.boolean(), (source, value, isMultiline) => {
      const expected = searchInV8(source, isMultiline ? "dum" : "du", value);
      const found = find(source, value, 0, { ignoresCase: false, isMultiline });
      return JSON.stringify(found?.slice(0, 2) ?? null) === JSON.stringify(expected?.indices?.[0] ?? null);
    }),
    { numRuns: 3000 },
  );
});

/** `a|*` and `^+` are none. */
function isSound(source: string): boolean {
  try {
    compileMatcher(source, plain);
    return new RegExp(source, "u") !== null;
  } catch {
    return false;
  }
}

t.test("groups are told, and those that have no part in it are -1", async (t) => {
  t.same(find("(a+)(b)?(c|d)", "xaacz"), [1, 4, 1, 3, -1, -1, 3, 4]);
  t.same(find("(a+?)(a*)", "aaa"), [0, 3, 0, 1, 1, 3]);
  t.same(find("(\\d+)-(\\d+)", "tel 12-34"), [4, 9, 4, 6, 7, 9]);
});

t.test("a search begins where it is told, and sees what stands before", async (t) => {
  t.same(find("a", "aba", 1), [2, 3]);
  t.equal(find("^a", "aa", 1), null);
  t.same(find("\\bb", "ab b", 1), [3, 4]);
});

t.test("case is ignored where the flag says so", async (t) => {
  t.same(find("b[a-c]", "aBC", 0, { ignoresCase: true, isMultiline: false }), [1, 3]);
});

t.test("catastrophic backtracking: nested repetitions take no longer than others", async (t) => {
  const attack = `${"a".repeat(5000)}!`;
  const begun = performance.now();
  for (const source of ["^(a+)+$", "(a|a)*$b", "(a*)*b"]) t.equal(find(source, attack), null, source);
  t.ok(performance.now() - begun < 2000);
});

t.test("a long text and a large pattern come to the end of the budget", async (t) => {
  t.throws(() => find("(?:a?){200}b", "a".repeat(60_000)), { message: /takes too long/ });
});
