/** The config of a policy, against the JSON Schema of its plugin. */

type Schema = Readonly<Record<string, unknown>>;

/**
 * The config with the schema's defaults filled in.
 *
 * @throws Error that names each mismatch
 */
export async function checkPolicyConfig(schema: object | null, config: unknown): Promise<unknown> {
  if (schema === null) {
    if (config === null || isEmpty(config)) return {};
    throw new Error("expected no config, because the plugin declares none");
  }
  const filled = fill(schema as Schema, config ?? {});
  const { Errors } = await import("typebox/value");
  const errors = Errors(withoutPatterns(schema) as never, filled).filter(
    ({ keyword }) => keyword !== "boolean",
  );
  if (errors.length === 0) return filled;
  const problems = errors.slice(0, 10).map(({ instancePath, message }) => `config${instancePath} ${message}`);
  throw new Error(problems.join("; "));
}

function isEmpty(config: unknown): boolean {
  return typeof config === "object" && config !== null && Object.keys(config).length === 0;
}

/** A copy of the value in which absent properties have their defaults. */
function fill(schema: Schema, value: unknown): unknown {
  if (value === undefined) return "default" in schema ? fill(schema, clone(schema["default"])) : undefined;
  if (Array.isArray(value)) {
    const items = schema["items"] as Schema | undefined;
    return items === undefined ? value : value.map((item) => fill(items, item));
  }
  const properties = schema["properties"] as Readonly<Record<string, Schema>> | undefined;
  if (typeof value !== "object" || value === null || properties === undefined) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const [name, property] of Object.entries(properties)) {
    const found = fill(property, filled[name]);
    if (found !== undefined) filled[name] = found;
  }
  return filled;
}

function clone(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

/** A plugin's regular expressions run in its guest, where a slow one ends itself (sdk/runtime/config-patterns.ts). */
function withoutPatterns(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutPatterns);
  if (typeof schema !== "object" || schema === null) return schema;
  const entries = Object.entries(schema).filter(
    ([key]) => key !== "pattern" && key !== "patternProperties" && key !== "format",
  );
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutPatterns(value)]));
}
