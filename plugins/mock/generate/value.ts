import { isArray, isObject, type Json, type JsonObject } from "../../shared/json/json.ts";
import { merged } from "./merged.ts";
import { numberOf } from "./number.ts";
import type { Random } from "./random.ts";
import { textOf } from "./text.ts";

/** Of one document: a schema that refers to itself would never end. */
const mostValues = 5_000;
/** From here on nothing is made that need not be. */
const sparseDepth = 6;
const mostDepth = 40;
/** Items of a list that needs fewer. */
const usualItems = 2;

/**
 * Makes a value that fits a JSON Schema: what it gives as `const`, `example`, `examples`, `default` or `enum`, or else one of its
 * type, within its bounds. It is the same for the same seed. `not`, `if`, `contains`, `patternProperties` and the like are not
 * looked at.
 *
 * @param document in which references lead
 * @throws Error when none can be made, or it would be too large
 * @example
 * generated({ type: "array", items: { const: 1 } }, {}, new Random("a")); // [1, 1]
 */
export function generated(schema: Json, document: Json, random: Random): Json {
  let left = mostValues;
  return value(schema, 0);

  function value(schema: Json, depth: number): Json {
    if (--left < 0) throw new Error(`it has more than ${mostValues} values`);
    if (depth > mostDepth) throw new Error("it never ends");
    const whole = merged(schema, document, random);
    const given = givenBy(whole, random);
    if (given !== undefined) return given;
    switch (typeOf(whole, random)) {
      case "object":
        return object(whole, depth);
      case "array":
        return list(whole, depth);
      case "integer":
        return numberOf(whole, true, random);
      case "number":
        return numberOf(whole, false, random);
      case "boolean":
        return random.next() < 0.5;
      case "null":
        return null;
      default:
        return textOf(whole, random);
    }
  }

  function object({ properties = {}, required = [], ...schema }: JsonObject, depth: number): Json {
    if (!isObject(properties)) return {};
    const needed = new Set(isArray(required) ? required : []);
    const members: [string, Json][] = [];
    for (const [name, part] of Object.entries(properties)) {
      if (!needed.has(name) && (depth >= sparseDepth || isHidden(part))) continue;
      members.push([name, value(part, depth + 1)]);
      needed.delete(name);
    }
    const { additionalProperties = true } = schema;
    const other: Json = isObject(additionalProperties) ? additionalProperties : { type: "string" };
    for (const name of needed) members.push([String(name), value(other, depth + 1)]);
    const least = Number(schema["minProperties"] ?? 0);
    for (let index = 1; members.length < least; index++)
      members.push([`property${index}`, value(other, depth + 1)]);
    return Object.fromEntries(members);
  }

  function list(schema: JsonObject, depth: number): Json {
    const { items = true, prefixItems } = schema;
    const first = isArray(prefixItems) ? prefixItems : [];
    const least = Math.max(Number(schema["minItems"] ?? 0), first.length);
    const usual = items === false || depth >= sparseDepth ? least : Math.max(least, usualItems);
    const count = Math.min(usual, Number(schema["maxItems"] ?? usual));
    const made: Json[] = [];
    const texts = new Set<string>();
    for (let tries = 0; made.length < count; tries++) {
      const item = value(first[made.length] ?? items, depth + 1);
      const text = JSON.stringify(item);
      if (schema["uniqueItems"] === true && texts.has(text)) {
        if (made.length >= least) break;
        if (tries > 100 + count) throw new Error(`no ${least} items that differ were found`);
        continue;
      }
      texts.add(text);
      made.push(item);
    }
    return made;
  }
}

/** What only requests have. */
function isHidden(schema: Json): boolean {
  return isObject(schema) && schema["writeOnly"] === true;
}

function givenBy(schema: JsonObject, random: Random): Json | undefined {
  if (schema["const"] !== undefined) return schema["const"];
  if (schema["example"] !== undefined) return schema["example"];
  const { examples } = schema;
  if (isArray(examples) && examples.length > 0) return examples[0];
  if (schema["default"] !== undefined) return schema["default"];
  if (!isArray(schema["enum"])) return undefined;
  if (schema["enum"].length === 0) throw new Error("no value is in all of its enums");
  return random.pick(schema["enum"]);
}

/** That which it says, or that which its other keywords are for. */
function typeOf(schema: JsonObject, random: Random): string {
  const { type } = schema;
  if (typeof type === "string") return type;
  if (isArray(type)) {
    // Something is more of an example than nothing.
    const types = type.filter((each) => each !== "null");
    if (types.length > 0) return String(random.pick(types));
    if (type.length === 0) throw new Error("no type is in all of its types");
    return "null";
  }
  for (const [name, keywords] of typical)
    if (keywords.some((keyword) => schema[keyword] !== undefined)) return name;
  return "string";
}

const typical: readonly (readonly [type: string, keywords: readonly string[]])[] = [
  ["object", ["properties", "required", "additionalProperties", "minProperties"]],
  ["array", ["items", "prefixItems", "minItems"]],
  ["number", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]],
];
