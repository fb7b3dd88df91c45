/** The config of a policy, against the JSON Schema of its plugin. */
import { fitsPlainly } from "./config-fit.ts";
import { ConfigPatterns, type MatchPatterns } from "./config-patterns.ts";
import { type Mismatch, problemsOf } from "./config-problems.ts";

type Schema = Readonly<Record<string, unknown>>;

/** A part of a config is compared with each part of its schema at most once: so many comparisons take 70 ms. */
const mostComparisons = 5_000_000;
/** What is shown of one mismatch, in code units. */
const longestProblem = 300;
/** Keywords that would have the same part compared again and again. */
const references = ["$ref", "$dynamicRef", "$recursiveRef"];
/** Keywords whose members are named by the author. */
const named = ["properties", "$defs", "definitions", "dependentSchemas"];
/** Keywords that say nothing here, or that only the host may use. */
const ignored = ["format", "~refine", "~guard"];

/**
 * The config with the schema's defaults filled in.
 *
 * @param match asks the plugin
 * @throws Error that names each mismatch
 */
export async function checkPolicyConfig(
  schema: object | null,
  config: unknown,
  match: MatchPatterns,
): Promise<unknown> {
  if (schema === null) {
    if (config === null || isEmpty(config)) return {};
    throw new Error("expected no config, because the plugin declares none");
  }
  const patterns = new ConfigPatterns(match);
  const written = config ?? {};
  checkSize(schema, written);
  // The names that are there say which defaults there are, and those may be texts for patterns again.
  await patterns.learn(schema, written);
  const filled = fill(schema as Schema, written, patterns);
  checkSize(schema, filled);
  await patterns.learn(schema, filled);
  const compared = checkable(schema, patterns);
  if (fitsPlainly(compared, filled)) return filled;
  const found = await mismatches(compared, filled);
  if (found.length === 0) return filled;
  const problems = problemsOf(found, compared).slice(0, 10);
  throw new Error(problems.map((problem) => problem.slice(0, longestProblem)).join("; "));
}

function checkSize(schema: object, config: unknown): void {
  if (partsOf(schema) * partsOf(config) > mostComparisons)
    throw new Error("expected a schema and a config that are smaller, to compare them in a short time");
}

/** The validator stays in memory once it is loaded, which takes longer than anything else here. */
async function mismatches(schema: unknown, value: unknown): Promise<readonly Mismatch[]> {
  const { Errors } = await import("typebox/schema");
  const [, errors] = Errors(schema as never, value);
  return errors;
}

function isEmpty(config: unknown): boolean {
  return typeof config === "object" && config !== null && Object.keys(config).length === 0;
}

/** A copy of the value in which absent properties have their defaults. */
function fill(schema: Schema, value: unknown, patterns: ConfigPatterns): unknown {
  if (value === undefined)
    return typeof schema === "object" && "default" in schema
      ? fill(schema, clone(schema["default"]), patterns)
      : undefined;
  if (Array.isArray(value)) {
    const items = schema["items"] as Schema | undefined;
    return items === undefined ? value : value.map((item) => fill(items, item, patterns));
  }
  if (typeof value !== "object" || value === null) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const [name, property] of schemasOf(schema, filled, patterns)) {
    const found = fill(property, Object.hasOwn(filled, name) ? filled[name] : undefined, patterns);
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

/** By name: those that the schema names, and those that are there besides. */
function schemasOf(schema: Schema, value: Schema, patterns: ConfigPatterns): Map<string, Schema> {
  const { properties, patternProperties, additionalProperties } = schema as Partial<
    Record<string, Record<string, Schema>>
  >;
  const schemas = new Map(Object.entries(properties ?? {}));
  for (const name of Object.keys(value)) {
    if (schemas.has(name)) continue;
    const pattern = Object.keys(patternProperties ?? {}).find((each) => patterns.matches(each, name));
    const found = pattern === undefined ? additionalProperties : patternProperties![pattern];
    if (typeof found === "object") schemas.set(name, found as Schema);
  }
  return schemas;
}

function clone(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

/**
 * The schema as the host compares a config with it: instead of patterns it has what the guest told of them.
 *
 * @throws Error for one that refers to parts of itself
 */
function checkable(schema: unknown, patterns: ConfigPatterns): unknown {
  if (Array.isArray(schema)) return schema.map((part) => checkable(part, patterns));
  if (typeof schema !== "object" || schema === null) return schema;
  const { pattern, patternProperties, ...others } = schema as Record<string, unknown>;
  const reference = references.find((key) => key in others);
  if (reference !== undefined) throw new Error(`expected a schema without ${reference}`);
  return {
    ...Object.fromEntries(
      Object.entries(others)
        .filter(([key]) => !ignored.includes(key))
        .map(([key, value]) => [key, checkableKeyword(key, value, patterns)]),
    ),
    ...(typeof pattern === "string" && { "~refine": [refinement(pattern, patterns)] }),
    ...checkableNames(patternProperties, others, patterns),
  };
}

function refinement(pattern: string, patterns: ConfigPatterns): object {
  return {
    check: (value: unknown) => typeof value !== "string" || patterns.matches(pattern, value),
    error: () => `must match ${pattern}`,
  };
}

/** The one pattern of a record with any names is spared the validator. */
function checkableNames(written: unknown, { properties }: Schema, patterns: ConfigPatterns): object {
  if (typeof written !== "object" || written === null) return {};
  const entries = Object.entries(written);
  const [only] = entries;
  if (entries.length === 1 && properties === undefined && patterns.matchesAll(only![0]))
    return { additionalProperties: checkable(only![1], patterns) };
  const named = entries.map(([pattern, part], index) => [
    // Its end makes it another name where two patterns match the same.
    `${patterns.plainly(pattern)}(?:${index})?`,
    checkable(part, patterns),
  ]);
  return { patternProperties: Object.fromEntries(named) };
}

function checkableKeyword(key: string, value: unknown, patterns: ConfigPatterns): unknown {
  if (key === "const" || key === "enum" || key === "default" || key === "examples") return value;
  if (!named.includes(key) || typeof value !== "object" || value === null) return checkable(value, patterns);
  return Object.fromEntries(
    Object.entries(value).map(([name, schema]) => [name, checkable(schema, patterns)]),
  );
}

/** Objects, lists and values in a value. */
function partsOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce((sum: number, part) => sum + partsOf(part), 1);
}
