import { Budget } from "../shared/cel/budget.ts";
import { compileMatcher } from "../shared/cel/matcher.ts";
import { ExpressionError } from "./jsonata/expression-error.ts";

/** What the texts of one document may take, in steps of the pattern: about 0.1 s. */
const mostSteps = 4_000_000;

export interface PatternMask {
  /** Another document begins. */
  begin(): void;
  /** @throws ExpressionError when the document takes too much */
  mask(text: string): string;
}

/**
 * Makes a replacement for what a pattern finds in a text; it runs without backtracking.
 *
 * @param shown what stands in the place of a match
 * @throws Error for a pattern that cannot be used
 * @example
 * patternMask("[0-9]{16}", (card) => `***${card.slice(-4)}`).mask("card 4111111111111111"); // "card ***1111"
 */
export function patternMask(pattern: string, shown: (match: string) => string): PatternMask {
  const matcher = compileMatcher(pattern, { ignoresCase: false, isMultiline: false });
  const budget = new Budget();
  const mask = (text: string): string => {
    let masked = "";
    let from = 0;
    try {
      for (let at = 0; at <= text.length; ) {
        const found = matcher.find(text, at, budget);
        if (found === null) break;
        const [begin = 0, end = 0] = found;
        masked += text.slice(from, begin);
        if (end > begin) masked += shown(text.slice(begin, end));
        from = end;
        at = end > begin ? end : end + 1;
      }
    } catch {
      throw new ExpressionError("the pattern takes too much", true);
    }
    return masked + text.slice(from);
  };
  return { begin: () => budget.refill(mostSteps), mask };
}
