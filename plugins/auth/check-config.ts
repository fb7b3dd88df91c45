/**
 * Checks the config of a strategy and fills in defaults. The schema of the plugin cannot do that: where a value may have
 * several forms, it fills in no defaults and cannot say which of them was meant.
 */
import type { ConfigSchema } from "sluice/sdk";

type Values = Readonly<Record<string, unknown>>;

/**
 * The value with the defaults of its schema.
 *
 * Of JSON Schema it knows `type`, `enum`, `anyOf` (without defaults within), `properties`, `required`,
 * `additionalProperties`, `items`, `pattern` and the bounds of numbers, texts and lists.
 *
 * @param place where the value is, for messages
 * @throws Error that names the place and what is expected there, never the value, which may be a secret
 *
 * @example
 * checkConfig({ type: "object", properties: { realm: { type: "string", default: "api" } } }, {}, "strategies/0");
 * // { realm: "api" }
 */
export function checkConfig(schema: ConfigSchema, value: unknown, place: string): unknown {
  checkType(schema, value, place);
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    fail(place, `one of ${schema.enum.map(String).join(", ")}`);
  }
  if (schema.anyOf !== undefined) checkChoices(schema.anyOf, value, place);
  if (typeof value === "string") checkText(schema, value, place);
  if (typeof value === "number") checkNumber(schema, value, place);
  if (Array.isArray(value)) return checkList(schema, value, place);
  return isObject(value) ? checkObject(schema, value, place) : value;
}

function checkType({ type }: ConfigSchema, value: unknown, place: string): void {
  if (type === undefined) return;
  const types = typeof type === "string" ? [type] : type;
  if (!types.some((name) => isOfType(name, value))) fail(place, types.join(" or "));
}

function isOfType(type: string, value: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  if (type === "integer") return Number.isInteger(value);
  const found: string = typeof value;
  return found === type;
}

function checkChoices(choices: readonly (ConfigSchema | boolean)[], value: unknown, place: string): void {
  const problems = choices.map((choice) => problemOf(choice, value, place));
  if (!problems.includes(null)) throw new Error(problems.join(", or "));
}

function problemOf(schema: ConfigSchema | boolean, value: unknown, place: string): string | null {
  if (typeof schema === "boolean") return schema ? null : `${place} is not expected`;
  try {
    checkConfig(schema, value, place);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

function checkText(
  { minLength = 0, maxLength = Infinity, pattern }: ConfigSchema,
  value: string,
  place: string,
) {
  if (value.length < minLength) fail(place, `at least ${minLength} characters`);
  if (value.length > maxLength) fail(place, `at most ${maxLength} characters`);
  if (pattern !== undefined && !new RegExp(pattern, "u").test(value)) fail(place, `a text like ${pattern}`);
}

function checkNumber(
  { minimum = -Infinity, maximum = Infinity }: ConfigSchema,
  value: number,
  place: string,
) {
  if (value < minimum || value > maximum) fail(place, `a number from ${minimum} to ${maximum}`);
}

function checkList(schema: ConfigSchema, value: readonly unknown[], place: string): unknown[] {
  const { minItems = 0, maxItems = Infinity, items } = schema;
  if (value.length < minItems) fail(place, `at least ${minItems} items`);
  if (value.length > maxItems) fail(place, `at most ${maxItems} items`);
  return value.map((item, index) =>
    isObject(items) ? checkConfig(items as ConfigSchema, item, `${place}/${index}`) : item,
  );
}

function checkObject(schema: ConfigSchema, value: Values, place: string): Values {
  const { properties = {}, required = [], additionalProperties = true } = schema;
  const entries: [string, unknown][] = [];
  for (const [name, part] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name]! : additionalProperties;
    if (known === false) throw new Error(`${place}/${name} is not a setting`);
    entries.push([name, known === true ? part : checkConfig(known, part, `${place}/${name}`)]);
  }
  for (const [name, part] of Object.entries(properties)) {
    if (Object.hasOwn(value, name)) continue;
    if (required.includes(name)) throw new Error(`${place}/${name} is missing`);
    if (typeof part === "object" && part.default !== undefined) {
      entries.push([name, checkConfig(part, part.default, `${place}/${name}`)]);
    }
  }
  return Object.fromEntries(entries);
}

function isObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fail(place: string, expected: string): never {
  throw new Error(`${place} is not ${expected}`);
}
