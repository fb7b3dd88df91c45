/** Validation section 6.1: keywords for values of any type. */
import { canonical, isArray, isObject, type Json } from "../../shared/json/json.ts";
import { type Keyword, wrong } from "./place.ts";

const types: Readonly<Record<string, (value: Json) => boolean>> = {
  null: (value) => value === null,
  boolean: (value) => typeof value === "boolean",
  number: (value) => typeof value === "number",
  integer: (value) => Number.isInteger(value),
  string: (value) => typeof value === "string",
  array: isArray,
  object: isObject,
};

export const type: Keyword = (place, value) => {
  const names = isArray(value) ? value : [value];
  const tests = names.map((name) => {
    if (typeof name === "string" && Object.hasOwn(types, name)) return types[name]!;
    throw wrong(place, "type", `of ${Object.keys(types).join(", ")}`);
  });
  if (tests.length === 0) throw wrong(place, "type", "at least one type");
  const at = `${place.at}/type`;
  const message = `must be ${names.join(" or ")}`;
  const [first] = tests;
  if (tests.length === 1) return (found, run) => first!(found) || run.fail(at, message);
  return (found, run) => tests.some((test) => test(found)) || run.fail(at, message);
};

export const enumeration: Keyword = (place, value) => {
  if (!isArray(value)) throw wrong(place, "enum", "a list");
  return among(`${place.at}/enum`, value, "must be one of the allowed values");
};

export const constant: Keyword = (place, value) =>
  among(`${place.at}/const`, [value], "must be the allowed value");

function among(at: string, values: readonly Json[], message: string) {
  const simple = new Set<Json>(values.filter((value) => typeof value !== "object" || value === null));
  const texts = new Set(
    values.filter((value) => typeof value === "object").map((value) => canonical(value, () => {})),
  );
  return ((found, run) => {
    // A Set holds -0 and 0 for one.
    if (simple.has(found)) return true;
    const isSame =
      texts.size > 0 && typeof found === "object" && found !== null && texts.has(canonical(found, run.step));
    return isSame || run.fail(at, message);
  }) satisfies ReturnType<Keyword>;
}
