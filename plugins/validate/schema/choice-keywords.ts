/** Core section 10.2: keywords that apply schemas to the value at hand. */
import { isObject } from "../../shared/json/json.ts";
import { type Keyword, listIn, objectIn, type Place } from "./place.ts";
import type { Check } from "./run.ts";
import { Seen } from "./seen.ts";

export const allOf: Keyword = (place, value) => {
  const checks = listIn(place, "allOf", value).map((_, index) => place.same("allOf", index));
  return (found, run, seen) => {
    let fits = true;
    for (const check of checks) {
      if (!check(found, run, seen)) fits = false;
      if (!fits && run.isDecided) return false;
    }
    return fits;
  };
};

export const anyOf: Keyword = (place, value) => {
  const checks = listIn(place, "anyOf", value).map((_, index) => place.same("anyOf", index));
  return (found, run, seen) => {
    let fits = false;
    for (const check of checks) {
      if (!run.quietly(check, found, seen)) continue;
      fits = true;
      // All that fit have a say in what was looked at.
      if (seen === null) break;
    }
    return fits || run.fail(`${place.at}/anyOf`, `must fit one of ${checks.length} schemas`);
  };
};

export const oneOf: Keyword = (place, value) => {
  const checks = listIn(place, "oneOf", value).map((_, index) => place.same("oneOf", index));
  const at = `${place.at}/oneOf`;
  return (found, run, seen) => {
    let count = 0;
    for (const check of checks) if (run.quietly(check, found, seen)) count++;
    return count === 1 || run.fail(at, `must fit one of ${checks.length} schemas, and fits ${count}`);
  };
};

export const not: Keyword = (place) => {
  const check = place.same("not");
  return (found, run) =>
    !run.quietly(check, found, null) || run.fail(`${place.at}/not`, "must not fit this schema");
};

export const condition: Keyword = (place) => {
  const test = place.same("if");
  const then = branch(place, "then");
  const otherwise = branch(place, "else");
  return (found, run, seen) => {
    const looked = seen && new Seen();
    if (!run.quietly(test, found, looked)) return otherwise(found, run, seen);
    if (looked) seen!.add(looked);
    return then(found, run, seen);
  };
};

function branch(place: Place, keyword: string): Check {
  return Object.hasOwn(place.schema, keyword) ? place.same(keyword) : () => true;
}

export const dependentSchemas: Keyword = (place, value) => {
  const names = Object.keys(objectIn(place, "dependentSchemas", value));
  const checks = names.map((name) => [name, place.same("dependentSchemas", name)] as const);
  return (found, run, seen) => {
    if (!isObject(found)) return true;
    let fits = true;
    for (const [name, check] of checks) {
      if (Object.hasOwn(found, name) && !check(found, run, seen)) fits = false;
      if (!fits && run.isDecided) return false;
    }
    return fits;
  };
};
