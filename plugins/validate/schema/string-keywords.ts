/** Validation sections 6.3 and 7: keywords for strings. */
import { formats } from "./formats.ts";
import { countIn, type Keyword, patternIn, wrong } from "./place.ts";

export const minLength: Keyword = (place, value) => {
  const least = countIn(place, "minLength", value);
  const at = `${place.at}/minLength`;
  return (found, run) =>
    typeof found !== "string" ||
    (found.length >= least && !isShorter(found, least)) ||
    run.fail(at, `must have at least ${least} characters`);
};

export const maxLength: Keyword = (place, value) => {
  const most = countIn(place, "maxLength", value);
  return (found, run) =>
    fitsLength(found, most) || run.fail(`${place.at}/maxLength`, `must have at most ${most} characters`);
};

export const pattern: Keyword = (place, value) => {
  const expression = patternIn(place, "pattern", value);
  const at = `${place.at}/pattern`;
  const most = place.schema["maxLength"];
  return (found, run) => {
    if (typeof found !== "string") return true;
    // A text that is too long is refused anyway: no pattern is to work on it.
    if (typeof most === "number" && !fitsLength(found, most)) return false;
    return run.matches(expression, found) || run.fail(at, `must match the pattern ${value}`);
  };
};

export const format: Keyword = (place, value) => {
  if (typeof value !== "string") throw wrong(place, "format", "a string");
  if (!place.formats || !Object.hasOwn(formats, value)) return null;
  const fits = formats[value]!;
  return (found, run) => fits(found) || run.fail(`${place.at}/format`, `must be a ${value}`);
};

/** A character is a code point, which has one or two units. */
function isShorter(text: string, least: number): boolean {
  return text.length < least * 2 && characters(text) < least;
}

function fitsLength(found: unknown, most: number): boolean {
  if (typeof found !== "string" || found.length <= most) return true;
  return found.length <= most * 2 && characters(found) <= most;
}

function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
