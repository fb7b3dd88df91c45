import { effortOf } from "./effort.ts";
import { sideBySide } from "./side-by-side.ts";
import { partsOf } from "./syntax.ts";

/** A regular expression whose search in any text comes to an end soon. */
export interface BoundedPattern {
  /**
   * Whether it matches anywhere in the text.
   *
   * @param spend is told what was done besides the engine's own short searches, in steps; what it throws ends the search
   * @returns null when the text is too long for it
   */
  test(text: string, spend: (steps: number) => void): boolean | null;
}

/** Steps that the engine may take for any text, and for each character of one: some microseconds for a short one. */
const freeSteps = 4000;
const stepsPerCharacter = 64;

/**
 * Compiles a regular expression of ECMA-262. It runs in the engine where that cannot take long, and else without backtracking.
 *
 * @param text of the expression, with the flag `u` or, where only the older grammar takes it, without
 * @throws SyntaxError when it is none
 * @throws Error when it can be run in neither way: nested repetitions beside references or look-around
 * @example
 * boundedPattern("^(a+)+$").test(`${"a".repeat(50)}!`, () => {}); // false, at once
 */
export function boundedPattern(text: string): BoundedPattern {
  const { expression, isUnicode } = compiled(text);
  const part = partsOf(expression, isUnicode);
  const effort = part === null ? null : effortOf(part);
  const search = part === null ? null : sideBySide(part, isUnicode);
  if (effort === null && search === null) {
    throw new Error("it may never come to an end: it repeats a repetition beside references or look-around");
  }
  return {
    test(value, spend) {
      const { length } = value;
      const most = freeSteps + stepsPerCharacter * length;
      if (effort !== null && effort.factor * (length + 1) ** effort.degree <= most)
        return expression.test(value);
      return search === null ? null : search(value, spend);
    },
  };
}

function compiled(text: string): { expression: RegExp; isUnicode: boolean } {
  try {
    return { expression: new RegExp(text, "u"), isUnicode: true };
  } catch {
    return { expression: new RegExp(text), isUnicode: false };
  }
}
