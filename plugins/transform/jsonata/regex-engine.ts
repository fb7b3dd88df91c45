import { compileMatcher, type Matcher } from "../../shared/cel/matcher.ts";
import type { Evaluation } from "./evaluation.ts";

/** By the pattern with its flags. */
export type Matchers = ReadonlyMap<string, Matcher>;

/** @throws Error for a pattern that cannot be matched without going back */
export function matcherOf({ source, ignoreCase, multiline }: RegExp): Matcher {
  return compileMatcher(source, { ignoresCase: ignoreCase, isMultiline: multiline });
}

/** What the library makes its matches with, in the place of RegExp: without going back, and within a budget. */
export function regexEngine(matchers: Matchers, evaluation: Evaluation): new (pattern: RegExp) => unknown {
  return class {
    lastIndex = 0;
    private readonly matcher: Matcher;

    constructor(pattern: RegExp) {
      this.matcher = matchers.get(String(pattern))!;
    }

    exec(text: string): (string[] & { index: number }) | null {
      const spans = this.matcher.find(text, this.lastIndex, evaluation.budget);
      if (spans === null) {
        this.lastIndex = 0;
        return null;
      }
      evaluation.matched(spans[1]! - spans[0]!);
      const texts: string[] = [];
      for (let slot = 0; slot < spans.length; slot += 2) {
        texts.push(spans[slot]! < 0 ? "" : text.slice(spans[slot], spans[slot + 1]));
      }
      this.lastIndex = spans[1]!;
      return Object.assign(texts, { index: spans[0]! });
    }
  };
}
