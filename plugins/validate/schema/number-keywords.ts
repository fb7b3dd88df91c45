/** Validation section 6.2: keywords for numbers. */
import { isMultiple } from "./decimal.ts";
import { type Keyword, numberIn, wrong } from "./place.ts";

export const multipleOf: Keyword = (place, value) => {
  const divisor = numberIn(place, "multipleOf", value);
  if (divisor <= 0) throw wrong(place, "multipleOf", "greater than 0");
  const at = `${place.at}/multipleOf`;
  return (found, run) =>
    typeof found !== "number" ||
    isMultiple(found, divisor) ||
    run.fail(at, `must be a multiple of ${divisor}`);
};

function bound(name: string, words: string, fits: (found: number, limit: number) => boolean): Keyword {
  return (place, value) => {
    const limit = numberIn(place, name, value);
    const at = `${place.at}/${name}`;
    const message = `must be ${words} ${limit}`;
    return (found, run) => typeof found !== "number" || fits(found, limit) || run.fail(at, message);
  };
}

export const maximum = bound("maximum", "at most", (found, limit) => found <= limit);
export const exclusiveMaximum = bound("exclusiveMaximum", "less than", (found, limit) => found < limit);
export const minimum = bound("minimum", "at least", (found, limit) => found >= limit);
export const exclusiveMinimum = bound("exclusiveMinimum", "greater than", (found, limit) => found > limit);
