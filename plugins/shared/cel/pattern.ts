/** Patterns of RE2 whose tests take a time that grows with the text and with nothing else. */
import { type Search, sideBySide } from "../pattern/side-by-side.ts";
import type { Part as SearchPart } from "../pattern/syntax.ts";
import type { Budget } from "./budget.ts";
import { type Part, parsePattern, type Ranges } from "./pattern-parser.ts";

export interface Pattern {
  /** Whether it matches anywhere in the text. What it does is taken from the budget. */
  test(text: string, budget: Budget): boolean;
}

const ignoreCase = "(?i)";

/**
 * Compiles a pattern of RE2: classes, groups, alternatives, repetitions, `^ $ \b`, and `(?i)` in the beginning.
 *
 * @throws Error when it is none, or too long
 *
 * @example
 * compilePattern("^/v[0-9]+/").test("/v2/orders", budget); // true
 */
export function compilePattern(text: string): Pattern {
  const folds = text.startsWith(ignoreCase);
  const part = parsePattern(folds ? text.slice(ignoreCase.length) : text);
  const search = sideBySide(forSearch(part, folds), true);
  if (search === null) throw new Error(`Cannot use the pattern ${text}: it is too long`);
  return { test: (value, budget) => searchWithin(budget, search, value) };
}

function searchWithin(budget: Budget, search: Search, text: string): boolean {
  return search(text, (steps) => budget.spend(steps));
}

/** The pattern as it is searched for: what groups it has makes no difference. */
function forSearch(part: Part, folds: boolean): SearchPart {
  switch (part.kind) {
    case "ranges":
      return { kind: "sign", accepts: (code) => accepts(part, code, folds), only: null, isAscii: false };
    case "group":
      return forSearch(part.part, folds);
    case "repeat":
      return { kind: "repeat", part: forSearch(part.part, folds), least: part.least, most: part.most };
    case "sequence":
    case "choice": {
      const parts = part.parts.map((each) => forSearch(each, folds));
      return parts.length === 1 ? parts[0]! : { kind: part.kind, parts };
    }
    case "place":
      return part;
  }
}

export function accepts(
  { ranges, negated }: { ranges: Ranges; negated: boolean },
  code: number,
  folds: boolean,
): boolean {
  return (within(ranges, code) || (folds && within(ranges, otherCase(code)))) !== negated;
}

function within(ranges: Ranges, code: number): boolean {
  for (const [from, to] of ranges) if (code >= from && code <= to) return true;
  return false;
}

/** Letters of ASCII alone. */
function otherCase(code: number): number {
  const letter = code | 32;
  return letter >= 97 && letter <= 122 ? code ^ 32 : code;
}
