/** The config of a policy, against the JSON Schema of its plugin. */
import { fitsPlainly } from "./config-fit.ts";

type Schema = Readonly<Record<string, unknown>>;

/** A part of a config is compared with each part of its schema at most once: so many comparisons take 70 ms. */
const mostComparisons = 5_000_000;
/** What is shown of one mismatch, in code units. */
const longestProblem = 300;
/** Keywords that would have the same part compared again and again. */
const references = ["$ref", "$dynamicRef", "$recursiveRef"];
/** Keywords under which the guest looks for patterns. */
const lookedInto = ["properties", "items", "additionalProperties", "allOf"];
/** Keywords whose members are named by the author. */
const named = ["properties", "$defs", "definitions", "dependentSchemas"];
/** A plugin's regular expressions run in its guest, where a slow one ends itself (sdk/runtime/config-patterns.ts). */
const patterns = ["pattern", "patternProperties", "format"];

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
  if (partsOf(schema) * partsOf(filled) > mostComparisons) {
    throw new Error("expected a schema and a config that are smaller, to compare them in a short time");
  }
  const compared = checkable(schema);
  if (fitsPlainly(compared, filled)) return filled;
  const errors = (await mismatches(compared, filled)).filter(({ keyword }) => keyword !== "boolean");
  if (errors.length === 0) return filled;
  const problems = errors
    .slice(0, 10)
    .map((error) => `config${error.instancePath} ${messageOf(error)}`.slice(0, longestProblem));
  throw new Error(problems.join("; "));
}

/** The validator stays in memory once it is loaded, which takes longer than anything else here. */
async function mismatches(schema: unknown, value: unknown) {
  const { Errors } = await import("typebox/schema");
  const [, errors] = Errors(schema as never, value);
  return errors;
}

/** Of a choice, what there is to choose from. */
function messageOf({ message, params }: { readonly message: string; readonly params: object }): string {
  const allowed = "allowedValues" in params ? params.allowedValues : null;
  return Array.isArray(allowed) ? `${message}: ${allowed.map(String).join(", ")}` : message;
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
    const found = fill(property, Object.hasOwn(filled, name) ? filled[name] : undefined);
    // Assigned, `__proto__` would be no property.
    if (found !== undefined) {
      Object.defineProperty(filled, name, {
        value: found,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
  }
  return filled;
}

function clone(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

/**
 * The schema as the host compares a config with it.
 *
 * @param isLookedInto whether the guest sees the patterns here
 * @throws Error for one that refers to parts of itself, or whose patterns nobody would look at
 */
function checkable(schema: unknown, isLookedInto = true): unknown {
  if (Array.isArray(schema)) return schema.map((part) => checkable(part, isLookedInto));
  if (typeof schema !== "object" || schema === null) return schema;
  if ("patternProperties" in schema || ("pattern" in schema && !isLookedInto)) {
    const found = "patternProperties" in schema ? "patternProperties" : "a pattern in one of its parts";
    throw new Error(`expected patterns of properties, items or allOf in the plugin's schema, found ${found}`);
  }
  const entries = Object.entries(schema).filter(([key]) => !patterns.includes(key));
  const reference = entries.find(([key]) => references.includes(key));
  if (reference !== undefined) throw new Error(`expected a schema without ${reference[0]}`);
  return Object.fromEntries(
    entries.map(([key, value]) => [
      key,
      checkableKeyword(key, value, isLookedInto && lookedInto.includes(key)),
    ]),
  );
}

function checkableKeyword(key: string, value: unknown, isLookedInto: boolean): unknown {
  if (key === "const" || key === "enum" || key === "default" || key === "examples") return value;
  if (!named.includes(key) || typeof value !== "object" || value === null) {
    return checkable(value, isLookedInto);
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, schema]) => [name, checkable(schema, isLookedInto)]),
  );
}

/** Objects, lists and values in a value. */
function partsOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce((sum: number, part) => sum + partsOf(part), 1);
}
