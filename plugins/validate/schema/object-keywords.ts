/** Core section 10.3.2, validation section 6.5: keywords for objects. */
import { isObject, type Json, type JsonObject } from "../../shared/json/json.ts";
import { countIn, type Keyword, namesIn, objectIn, type Place, patternIn } from "./place.ts";
import type { Check, Run } from "./run.ts";

/** The three keywords that share out the members of an object among them, in one walk. */
export const members: Keyword = (place) => {
  const named = namedIn(place);
  const patterns = patternsIn(place);
  const rest = Object.hasOwn(place.schema, "additionalProperties") ? place.sub("additionalProperties") : null;
  return (found, run, seen) => {
    if (!isObject(found)) return true;
    let fits = true;
    for (const name of Object.keys(found)) {
      const value = found[name]!;
      const own = named.get(name);
      let isKnown = own !== undefined;
      if (own && !run.inside(name, own, value)) fits = false;
      for (const { expression, check } of patterns) {
        if (!run.matches(expression, name)) continue;
        isKnown = true;
        if (!run.inside(name, check, value)) fits = false;
      }
      if (!isKnown && rest && !run.inside(name, rest, value)) fits = false;
      if (!fits && run.isDecided) return false;
      if (isKnown) seen?.addName(name);
    }
    if (rest) seen?.addAllNames();
    return fits;
  };
};

function namedIn(place: Place): Map<string, Check> {
  const schemas = objectIn(place, "properties", place.schema["properties"] ?? {});
  return new Map(Object.keys(schemas).map((name) => [name, place.sub("properties", name)]));
}

function patternsIn(place: Place) {
  const schemas = objectIn(place, "patternProperties", place.schema["patternProperties"] ?? {});
  return Object.keys(schemas).map((text) => ({
    expression: patternIn(place, "patternProperties", text),
    check: place.sub("patternProperties", text),
  }));
}

export const propertyNames: Keyword = (place) => {
  const check = place.sub("propertyNames");
  return (found, run) => {
    if (!isObject(found)) return true;
    let fits = true;
    for (const name of Object.keys(found)) {
      if (!run.inside(name, check, name as Json)) fits = false;
      if (!fits && run.isDecided) return false;
    }
    return fits;
  };
};

export const unevaluatedProperties: Keyword = (place) => {
  const check = place.sub("unevaluatedProperties");
  return (found, run, seen) => {
    if (!isObject(found)) return true;
    let fits = true;
    for (const name of Object.keys(found)) {
      if (seen!.hasName(name)) continue;
      if (!run.inside(name, check, found[name]!)) fits = false;
      if (!fits && run.isDecided) return false;
    }
    seen!.addAllNames();
    return fits;
  };
};

export const required: Keyword = (place, value) => {
  const names = namesIn(place, "required", value);
  const at = `${place.at}/required`;
  return (found, run) => !isObject(found) || hasAll(found, names, run, at);
};

/** Own members alone count: every object inherits a `constructor`. */
function hasAll(found: JsonObject, names: readonly string[], run: Run, at: string): boolean {
  let fits = true;
  for (const name of names) {
    if (!Object.hasOwn(found, name)) fits = run.fail(at, `must have ${JSON.stringify(name)}`);
  }
  return fits;
}

export const dependentRequired: Keyword = (place, value) => {
  const lists = Object.entries(objectIn(place, "dependentRequired", value)).map(
    ([name, list]) => [name, namesIn(place, "dependentRequired", list)] as const,
  );
  const at = `${place.at}/dependentRequired`;
  return (found, run) => {
    if (!isObject(found)) return true;
    let fits = true;
    for (const [name, names] of lists) {
      if (Object.hasOwn(found, name)) fits = hasAll(found, names, run, at) && fits;
    }
    return fits;
  };
};

export const minProperties: Keyword = (place, value) => {
  const least = countIn(place, "minProperties", value);
  return (found, run) =>
    !isObject(found) ||
    Object.keys(found).length >= least ||
    run.fail(`${place.at}/minProperties`, `must have at least ${least} members`);
};

export const maxProperties: Keyword = (place, value) => {
  const most = countIn(place, "maxProperties", value);
  return (found, run) =>
    !isObject(found) ||
    Object.keys(found).length <= most ||
    run.fail(`${place.at}/maxProperties`, `must have at most ${most} members`);
};
