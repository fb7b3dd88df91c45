/**
 * The `pattern` of a config schema, checked by the guest itself: the expression is the plugin's, and a slow
 * one must burn the plugin's time. The host refuses schemas with patterns that are not found here
 * (core/policy/policy-config.ts).
 *
 * @throws TypeError that names the value
 */
export function checkPatterns(schema: unknown, value: unknown, place = "config"): void {
  if (typeof schema !== "object" || schema === null) return;
  const { pattern, properties, items, additionalProperties, allOf } = schema as Record<string, unknown>;
  if (typeof pattern === "string" && typeof value === "string" && !new RegExp(pattern, "u").test(value)) {
    throw new TypeError(`${place} must match ${pattern}`);
  }
  if (Array.isArray(allOf)) for (const part of allOf) checkPatterns(part, value, place);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkPatterns(items, item, `${place}/${index}`);
  } else if (typeof value === "object" && value !== null) {
    for (const [name, part] of Object.entries(value)) {
      const declared = properties as Record<string, unknown> | undefined;
      const known = declared !== undefined && Object.hasOwn(declared, name);
      checkPatterns(known ? declared[name] : additionalProperties, part, `${place}/${name}`);
    }
  }
}
