import fc from "fast-check";
import t from "tap";
import { boundedPattern } from "../../../../plugins/shared/pattern/bounded-pattern.ts";
import { effortOf } from "../../../../plugins/shared/pattern/effort.ts";
import { sideBySide } from "../../../../plugins/shared/pattern/side-by-side.ts";
import { type Part, partsOf } from "../../../../plugins/shared/pattern/syntax.ts";

const { expression } = fc.letrec<{ expression: string; term: string }>((tie) => ({
  term: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(
      "a",
      "b",
      ".",
      "[ab]",
      "[^a\\]]",
      "\\d",
      "\\-",
      "\\u0061",
      "\\cI",
      "é",
      "^",
      "$",
      "\\b",
      "\\B",
    ),
    tie("expression").map((inner) => `(${inner})`),
    tie("expression").map((inner) => `(?:${inner})`),
    tie("expression").map((inner) => `(?=${inner})`),
    tie("expression").map((inner) => `(?<name>${inner})`),
    fc.tuple(tie("expression"), tie("expression")).map(([one, other]) => `(?:${one}|${other})`),
  ),
  expression: fc
    .array(
      fc
        .tuple(tie("term"), fc.constantFrom("", "", "", "*", "+", "?", "{2}", "{1,2}", "*?", "{0}"))
        .map(([term, count]) => term + count),
      { maxLength: 3 },
    )
    .map((terms) => terms.join("")),
}));
const flags = fc.constantFrom("", "u");
const text = fc
  .array(fc.constantFrom("a", "b", "1", "-", "\t", "\n", "é", "😀", "\ud83d"), { maxLength: 8 })
  .map((signs) => signs.join(""));

function compiled(source: string, flags: string): RegExp | null {
  try {
    return new RegExp(source, flags);
  } catch {
    return null;
  }
}

const free = () => {};

/**
 * What the standard asks (RegExpBuiltinExec, 22.2.7.2): from one character to the next. V8 alone also begins between
 * the halves of a pair, where `/\\B/u` finds something in "a😀a".
 */
function matches(source: string, flags: string, text: string): boolean {
  const here = new RegExp(source, `${flags}y`);
  const begins = flags === "u" ? [...text].map((sign) => sign.length) : Array<number>(text.length).fill(1);
  for (let begin = 0, index = 0; ; begin += begins[index++]!) {
    here.lastIndex = begin;
    if (here.test(text)) return true;
    if (index === begins.length) return false;
  }
}

t.test("what is followed side by side matches where an engine that goes back says so", async (t) => {
  let compared = 0;
  fc.assert(
    fc.property(expression, flags, text, (source, flags, text) => {
      const known = compiled(source, flags);
      const part = known && partsOf(known, flags === "u");
      const search = part && sideBySide(part, flags === "u");
      if (!known || !search) return true;
      compared++;
      return search(text, free) === matches(source, flags, text);
    }),
    {
      numRuns: 20_000,
      examples: [
        ["((^a))(?:)", "", ""],
        ["\\B", "u", "a😀a"],
      ],
    },
  );
  t.ok(compared > 5000, `${compared} were compared`);
});

/** Goes back as engines do, and counts what it looks at. */
function stepsOf(part: Part, text: string): number {
  let steps = 0;
  const isWord = (sign: string | undefined) => sign !== undefined && /\w/.test(sign);
  const match = (part: Part, at: number, next: (at: number) => boolean): boolean => {
    steps++;
    switch (part.kind) {
      case "sign":
        return at < text.length && part.accepts(text.charCodeAt(at)) && next(at + 1);
      case "place": {
        const isEdge = isWord(text[at - 1]) !== isWord(text[at]);
        const holds = { begin: at === 0, end: at === text.length, word: isEdge, noword: !isEdge };
        return holds[part.place] && next(at);
      }
      case "sequence": {
        const from = (index: number, at: number): boolean =>
          index === part.parts.length ? next(at) : match(part.parts[index]!, at, (at) => from(index + 1, at));
        return from(0, at);
      }
      case "choice":
        return part.parts.some((each) => match(each, at, next));
      case "look":
        return match(part.part, at, () => true) !== part.isNegated && next(at);
      case "repeat": {
        const again = (count: number, at: number): boolean =>
          (count < part.most &&
            match(part.part, at, (end) => (end > at || count < part.least) && again(count + 1, end))) ||
          (count >= part.least && next(at));
        return again(0, at);
      }
      default:
        throw new Error("not in this test");
    }
  };
  for (let at = 0; at <= text.length; at++) if (match(part, at, () => false)) break;
  return steps;
}

t.test("no search takes more steps than was said before, however it fails", async (t) => {
  let [bounded, exact] = [0, 0];
  const texts = fc
    .array(fc.constantFrom("a", "a", "a", "b", "1"), { maxLength: 12 })
    .map((signs) => signs.join(""));
  fc.assert(
    fc.property(expression, texts, (source, text) => {
      const known = compiled(source, "");
      const part = known && partsOf(known, false);
      const effort = part && effortOf(part);
      if (!part || !effort) return true;
      bounded++;
      const most = effort.factor * (text.length + 1) ** effort.degree;
      const taken = stepsOf(part, text);
      if (taken * 10 > most) exact++;
      // Sequences, choices and groups are steps of the one who counts here, and none of an engine.
      return taken <= 10 * most;
    }),
    { numRuns: 20_000 },
  );
  t.ok(bounded > 5000 && exact > 100, `${bounded} were bounded, ${exact} of them closely`);
});

t.test(
  "Attack: patterns that engines go back in for ever end at once, or are said to take too long",
  async (t) => {
    const begun = performance.now();
    const [as, spaces] = ["a".repeat(50_000), " ".repeat(50_000)];
    for (const [pattern, text] of [
      ["^(a+)+$", `${as}!`],
      ["^(a|a)*$", `${as}!`],
      ["^(a|aa)+$", `${as}!`],
      ["(a*)*b", as],
      ["^(([a-z])+.)+[A-Z]([a-z])+$", as],
      ["\\s+$", `${spaces}x`],
      ["^\\s+|\\s+$", `x${spaces}x`],
      ["(x+x+)+y", "x".repeat(50_000)],
      ["^(.*?,){11}P", "1,".repeat(25_000)],
      ["^(?=(a+)+$)a*!$", `${as}!`],
      ["^([a-zA-Z0-9._-]+)*@example\\.com$", as],
    ] as const) {
      let left = 5_000_000;
      const spend = (steps: number) => {
        left -= steps;
        if (left < 0) throw new RangeError("too much");
      };
      let found: boolean | null = null;
      try {
        found = boundedPattern(pattern).test(text, spend);
      } catch (error) {
        t.ok(error instanceof RangeError, pattern);
      }
      t.not(found, true, pattern);
    }
    t.ok(performance.now() - begun < 10_000);
  },
);

t.test("what can run neither way is refused", async (t) => {
  for (const pattern of ["^(a+)+\\1$", "^(?:a+(?=b|c))+$", "(?:(a+)+)(?<!x)", "^(?=.*\\1(a+)+)a$"])
    t.throws(() => boundedPattern(pattern), { message: /never come to an end/ }, pattern);
  t.throws(() => boundedPattern("("), SyntaxError);
});

t.test("expressions of everyday schemas are taken, and mean what they mean", async (t) => {
  const fits = (pattern: string, text: string) => boundedPattern(pattern).test(text, free);
  for (const [pattern, good, bad] of [
    ["^(?=.*[A-Z])(?=.*\\d)(?!.*\\s)[A-Za-z\\d]{8,}$", "Password1", "password1"],
    ["^[a-z0-9]+(?:-[a-z0-9]+)*$", "a-slug-1", "a--slug"],
    ["^\\p{Lu}\\p{L}+$", "Élan", "élan"],
    ["^(\\d)\\1$", "11", "12"],
    ["^[\\w.+\\-]+@([\\w\\-]+\\.)+\\w{2,}$", "a+b@c-d.example", "a@b"],
    ["^\\d{4}-(0[1-9]|1[0-2])-\\d{2}$", "2026-11-21", "2026-13-21"],
    ["^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$", "Zm9vYg==", "Zm9vY==="],
    ["(?<year>\\d+)(?<!0)$", "2026", "2020"],
    ["^[^\\]\\n]\\x41\\u{1F600}$", "xA😀", "]A😀"],
  ] as const) {
    t.equal(fits(pattern, good), true, `${pattern}: ${good}`);
    t.equal(fits(pattern, bad), false, `${pattern}: ${bad}`);
  }
});

t.test(
  "a long text of a plain pattern is the engine's, and takes nothing of what may be spent",
  async (t) => {
    const spend = () => {
      throw new Error("spent");
    };
    for (const pattern of ["^[A-Za-z0-9+/]+=*$", "^(?:[A-Za-z0-9+/]{4})*$"])
      t.equal(boundedPattern(pattern).test("abcd".repeat(250_000), spend), true, pattern);
  },
);
