/** The config of a policy, against the JSON Schema of its plugin. */
import { fitsPlainly } from "./config-fit.ts";
import { ConfigPatterns, type MatchPatterns } from "./config-patterns.ts";
import { type Mismatch, problemsOf } from "./config-problems.ts";
import { ConfigWork, countedKeywords } from "./config-work.ts";

type Schema = Readonly<Record<string, unknown>>;

/** What is shown of one mismatch, in code units. */
const longestProblem = 300;
/** Keywords that are refused: they would have the same part compared again and again, or there is a better one. */
const refused: ReadonlyMap<string, string> = new Map([
  ["$ref", ""],
  ["$dynamicRef", ""],
  ["$recursiveRef", ""],
  ["dependencies", ": use dependentRequired or dependentSchemas"],
]);
/** Keywords that have no schemas in them. */
const notSchemas = ["const", "enum", "dependentRequired"];
/** Keywords whose members are named by the author. */
const named = ["properties", "dependentSchemas"];

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
  const work = new ConfigWork(schema, written, patterns);
  work.compare(written);
  // The names that are there say which defaults there are, and those may be texts for patterns again.
  await patterns.learn(schema, written);
  const filled = new Filling(patterns, work).fill(schema, written);
  work.compare(filled);
  await patterns.learn(schema, filled);
  const compared = checkable(schema, patterns);
  if (fitsPlainly(compared, filled)) return filled;
  work.validate(filled);
  const found = await mismatches(compared, filled);
  if (found.length === 0) return filled;
  const problems = problemsOf(found, compared);
  throw new Error(problems.map((problem) => problem.slice(0, longestProblem)).join("; "));
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

class Filling {
  private readonly patterns: ConfigPatterns;
  private readonly work: ConfigWork;

  constructor(patterns: ConfigPatterns, work: ConfigWork) {
    this.patterns = patterns;
    this.work = work;
  }

  /** A copy of the value in which absent properties have their defaults. */
  fill(schema: unknown, value: unknown): unknown {
    this.work.fill(1);
    if (!isFields(schema)) return value;
    if (value === undefined)
      return "default" in schema ? this.fill(schema, this.clone(schema["default"])) : undefined;
    if (Array.isArray(value)) {
      const { items } = schema;
      return items === undefined ? value : value.map((item) => this.fill(items, item));
    }
    if (!isFields(value)) return value;
    const filled: Record<string, unknown> = { ...value };
    for (const [name, property] of this.schemasOf(schema, filled)) {
      const found = this.fill(property, Object.hasOwn(filled, name) ? filled[name] : undefined);
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
  private schemasOf(schema: Schema, value: Schema): Map<string, unknown> {
    const properties = fieldsOf(schema["properties"]);
    const patternProperties = fieldsOf(schema["patternProperties"]);
    const patterns = Object.keys(patternProperties);
    const names = Object.keys(value);
    this.work.fill(names.length * (1 + patterns.length));
    const schemas = new Map(Object.entries(properties));
    for (const name of names) {
      if (schemas.has(name)) continue;
      const pattern = patterns.find((each) => this.patterns.matches(each, name));
      const found = pattern === undefined ? schema["additionalProperties"] : patternProperties[pattern];
      if (typeof found === "object") schemas.set(name, found);
    }
    return schemas;
  }

  private clone(value: unknown): unknown {
    this.work.fillIn(value);
    return clone(value);
  }
}

function clone(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

/**
 * The schema as the host compares a config with it: nothing but keywords that are counted, and instead of patterns
 * what the guest told of them.
 *
 * @throws Error for one with a keyword that is refused
 */
function checkable(schema: unknown, patterns: ConfigPatterns): unknown {
  if (Array.isArray(schema)) return schema.map((part) => checkable(part, patterns));
  if (typeof schema !== "object" || schema === null) return schema;
  const { pattern, patternProperties, ...others } = schema as Record<string, unknown>;
  const found = [...refused].find(([key]) => Object.hasOwn(others, key));
  if (found !== undefined) throw new Error(`expected a schema without ${found.join("")}`);
  return {
    ...Object.fromEntries(
      Object.entries(others)
        .filter(([key]) => countedKeywords.has(key))
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
  if (notSchemas.includes(key)) return value;
  if (!named.includes(key) || typeof value !== "object" || value === null) return checkable(value, patterns);
  return Object.fromEntries(
    Object.entries(value).map(([name, schema]) => [name, checkable(schema, patterns)]),
  );
}

function isFields(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown): Schema {
  return isFields(value) ? value : {};
}
