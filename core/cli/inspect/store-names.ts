/**
 * Looks for names of shared stores in a policy's config, where its schema says `format: "store"`.
 *
 * @param names of the stores of the configuration
 * @throws Error that names the first one that there is not
 * @example
 * checkStoreNames({ properties: { store: { type: "string", format: "store" } } }, { store: "a" }, ["b"]);
 * // Error: config/store must be the name of a store, one of b
 */
export function checkStoreNames(
  schema: unknown,
  value: unknown,
  names: readonly string[],
  place = "config",
): void {
  if (typeof schema !== "object" || schema === null) return;
  const { format, properties, items, additionalProperties, allOf } = schema as Record<string, unknown>;
  if (format === "store" && typeof value === "string" && !names.includes(value)) {
    throw new Error(`${place} must be the name of a store, one of ${names.join(", ") || "none"}`);
  }
  if (Array.isArray(allOf)) for (const part of allOf) checkStoreNames(part, value, names, place);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkStoreNames(items, item, names, `${place}/${index}`);
  } else if (typeof value === "object" && value !== null) {
    for (const [name, part] of Object.entries(value)) {
      const declared = properties as Record<string, unknown> | undefined;
      const known = declared !== undefined && Object.hasOwn(declared, name);
      checkStoreNames(known ? declared[name] : additionalProperties, part, names, `${place}/${name}`);
    }
  }
}
