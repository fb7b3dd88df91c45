import { isArray, isObject, type Json, type JsonObject } from "../../shared/json/json.ts";
import { type BoundedPattern, boundedPattern } from "../../shared/pattern/bounded-pattern.ts";
import type { Check } from "./run.ts";
import { SchemaError } from "./schema-error.ts";

/** A schema that is being compiled, as its keywords see it. */
export interface Place {
  readonly schema: JsonObject;
  /** JSON pointer of the schema in its document, as a fragment. */
  readonly at: string;
  /** Whether `format` is a rule and not a remark. */
  readonly formats: boolean;
  /** The schema at a path below, for another value than the one at hand: a member, an item. */
  sub(...path: (string | number)[]): Check;
  /** The schema at a path below, for the value at hand. */
  same(...path: (string | number)[]): Check;
}

/** Makes the check of a keyword; null: it allows everything. */
export type Keyword = (place: Place, value: Json) => Check | null;

export function wrong(place: Place, keyword: string, expected: string): SchemaError {
  return new SchemaError(`${place.at.slice(1)}/${keyword}`, `must be ${expected}`);
}

/** @throws SchemaError unless it is a whole number from 0 */
export function countIn(place: Place, keyword: string, value: Json): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
  throw wrong(place, keyword, "a whole number from 0");
}

export function numberIn(place: Place, keyword: string, value: Json): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw wrong(place, keyword, "a number");
}

export function namesIn(place: Place, keyword: string, value: Json): readonly string[] {
  if (isArray(value) && value.every((name) => typeof name === "string")) return value as readonly string[];
  throw wrong(place, keyword, "a list of strings");
}

export function listIn(place: Place, keyword: string, value: Json): readonly Json[] {
  if (isArray(value) && value.length > 0) return value;
  throw wrong(place, keyword, "a list of schemas");
}

export function objectIn(place: Place, keyword: string, value: Json): JsonObject {
  if (isObject(value)) return value;
  throw wrong(place, keyword, "an object");
}

/** Patterns are those of ECMA-262 with Unicode; what only the older grammar takes, such as `\-`, is taken, too. */
export function patternIn(place: Place, keyword: string, value: Json): BoundedPattern {
  if (typeof value !== "string") throw wrong(place, keyword, "a regular expression");
  try {
    return boundedPattern(value);
  } catch (error) {
    if (error instanceof SyntaxError) throw wrong(place, keyword, "a regular expression");
    throw wrong(
      place,
      keyword,
      "a regular expression that ends: without look-around or references beside repeated repetitions",
    );
  }
}
