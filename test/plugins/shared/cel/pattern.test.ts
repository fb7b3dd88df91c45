import fc from "fast-check";
import t from "tap";
import { Budget } from "../../../../plugins/shared/cel/budget.ts";
import { compilePattern } from "../../../../plugins/shared/cel/pattern.ts";
import { searchInV8 } from "./search-in-v8.ts";

const budget = new Budget();

function matches(pattern: string, text: string): boolean {
  budget.refill(500_000);
  return compilePattern(pattern).test(text, budget);
}

/**
 * Any pattern of a few signs, whose meaning RE2 and JavaScript agree on. Not \B: V8 finds it between the halves of a surrogate pair.
 */
const { pattern } = fc.letrec<{ pattern: string; atom: string }>((tie) => ({
  atom: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(
      "a",
      "b",
      ".",
      "[ab]",
      "[^a]",
      "[a-c]",
      "\\d",
      "\\W",
      "^",
      "$",
      "\\b",
      "\\.",
      "\\x61",
      "é",
      "😀",
      "[^😀]",
    ),
    tie("pattern").map((inner) => `(?:${inner})`),
    tie("pattern").map((inner) => `(${inner})`),
  ),
  pattern: fc
    .array(
      fc.oneof(
        tie("atom"),
        fc
          .tuple(tie("atom"), fc.constantFrom("*", "+", "?", "{2}", "{1,}", "{0,2}", "*?"))
          .map(([atom, count]) => `(?:${atom})${count}`),
        fc.constant("|"),
      ),
      { maxLength: 5 },
    )
    .map((parts) => parts.join("")),
}));

t.test("patterns match what a backtracking engine says they match", async () => {
  const text = fc
    .array(fc.constantFrom("a", "b", "c", "1", ".", " ", "\n", "é", "😀"), { maxLength: 8 })
    .map((signs) => signs.join(""));
  fc.assert(
    fc.property(
      pattern,
      text,
      (source, value) => matches(source, value) === (searchInV8(source, "u", value) !== null),
    ),
    { numRuns: 3000 },
  );
});

t.test(
  "catastrophic backtracking: a pattern with nested repetitions takes no longer than others",
  async (t) => {
    const attack = `${"a".repeat(5000)}!`;
    const begun = performance.now();
    for (const source of ["^(a+)+$", "^(a|a)*$", "(a*)*b", "^(a|aa)+$"])
      t.notOk(matches(source, attack), source);
    t.ok(performance.now() - begun < 2000);
  },
);

t.test("a long text and a large pattern come to the end of the budget", async (t) => {
  t.throws(() => matches("(?:a?){200}b", "a".repeat(60_000)), { message: /takes too long/ });
});

t.test("a place that is no edge of a word is between two signs, not within one", async (t) => {
  t.ok(matches("a\\Bb", "ab"));
  t.ok(matches("\\B", "ab"));
  t.ok(matches("\\B", " 😀"));
  t.notOk(matches("\\B", "a😀a"));
  t.notOk(matches("\\B", "a b"));
});

t.test("case is ignored where the pattern begins so, for ASCII", async (t) => {
  t.ok(matches("(?i)evil[a-c]", "xEVILB"));
  t.notOk(matches("evil", "EVIL"));
  t.notOk(matches("(?i)[^a]", "A"));
});

t.test("what RE2 does not know, or is not supported, is refused", async (t) => {
  for (const source of [
    "(",
    ")",
    "a)",
    "[a",
    "*a",
    "a**",
    "a{3,2}",
    "a{1001}",
    "(?=a)",
    "(?<n>a)",
    "(?P<n>a)",
    "\\1",
    "\\p{L}",
    "\\",
    "[[:alpha:]]",
    "[b-a]",
    "\\x{110000}",
    `${"(".repeat(60)}${")".repeat(60)}`,
    "(?:(?:a{100}){100}){100}",
  ])
    t.throws(() => compilePattern(source), { message: /Cannot (read|use) the pattern/ }, source);
});
