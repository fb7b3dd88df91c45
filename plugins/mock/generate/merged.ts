import { isArray, isObject, type Json, type JsonObject } from "../../shared/json/json.ts";
import { pathOf, valueAt } from "../../shared/json/pointer.ts";
import type { Random } from "./random.ts";

const mostHops = 50;

/**
 * One schema of all that it refers to, all of `allOf`, and one of `anyOf` and of `oneOf`.
 *
 * @param document in which references lead
 * @throws Error for a reference that leads nowhere, out of the document, or in a circle
 */
export function merged(schema: Json, document: Json, random: Random, hops = 0): JsonObject {
  if (schema === true) return {};
  if (!isObject(schema)) throw new Error("nothing fits a schema that is false");
  if (hops > mostHops) throw new Error("references lead in a circle");
  const { $ref, allOf, anyOf, oneOf, ...own } = schema;
  const parts: Json[] = isArray(allOf) ? [...allOf] : [];
  if ($ref !== undefined) parts.push(referred(String($ref), document));
  for (const choice of [anyOf, oneOf])
    if (isArray(choice) && choice.length > 0) parts.push(random.pick(choice));
  return parts.reduce<JsonObject>((all, part) => joined(all, merged(part, document, random, hops + 1)), own);
}

function referred(reference: string, document: Json): Json {
  const found = reference.startsWith("#")
    ? valueAt(document, pathOf(decodeURIComponent(reference.slice(1))))
    : undefined;
  if (found === undefined) throw new Error(`the reference ${reference} leads to nothing of this document`);
  return found;
}

/** What fits both, as far as it can be told in one. */
function joined(one: JsonObject, other: JsonObject): JsonObject {
  const all: Record<string, Json> = { ...other, ...one };
  for (const [name, value] of Object.entries(other)) {
    const before = one[name];
    if (before !== undefined) all[name] = both(name, before, value);
  }
  return all;
}

function both(name: string, one: Json, other: Json): Json {
  switch (name) {
    case "required":
      return [...new Set([...listOf(one), ...listOf(other)])];
    case "type":
    case "enum": {
      const texts = new Set(listOf(other).map((item) => JSON.stringify(item)));
      return listOf(one).filter((item) => texts.has(JSON.stringify(item)));
    }
    case "properties":
      return joinedProperties(one, other);
    case "minimum":
    case "exclusiveMinimum":
    case "minLength":
    case "minItems":
    case "minProperties":
      return Math.max(Number(one), Number(other));
    case "maximum":
    case "exclusiveMaximum":
    case "maxLength":
    case "maxItems":
    case "maxProperties":
      return Math.min(Number(one), Number(other));
    default:
      return one;
  }
}

function joinedProperties(one: Json, other: Json): JsonObject {
  if (!isObject(one) || !isObject(other)) return {};
  const all: Record<string, Json> = { ...one, ...other };
  for (const name of Object.keys(one)) {
    if (Object.hasOwn(other, name)) all[name] = { allOf: [one[name]!, other[name]!] };
  }
  return all;
}

function listOf(value: Json): readonly Json[] {
  return isArray(value) ? value : [value];
}
