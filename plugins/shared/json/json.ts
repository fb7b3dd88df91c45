/** A value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [name: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isArray(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

/**
 * A text that two values share exactly when JSON Schema holds them for equal (core section 4.2.2): the order of
 * members means nothing, and 1.0 is 1.
 *
 * @param step is called once for each value inside, and throws when they are too many
 * @example
 * canonical({ b: 1.0, a: [] }, () => {}); // '{"a":[],"b":1}'
 */
export function canonical(value: Json, step: () => void): string {
  step();
  if (isArray(value)) return `[${value.map((item) => canonical(item, step)).join()}]`;
  if (!isObject(value)) return Object.is(value, -0) ? "0" : JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name]!, step)}`).join()}}`;
}
