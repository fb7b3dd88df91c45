import { Settings } from "typebox/system";
import { Errors } from "typebox/value";
import { configFile } from "./schema.ts";
import type { ConfigSource, Path } from "./source.ts";
import { didYouMean } from "./suggest.ts";

type SchemaNode = Readonly<Record<string, unknown>>;
type SchemaError = ReturnType<typeof Errors>[number];

/** A place where value and schema disagree. */
export interface Mismatch {
  readonly path: Path;
  readonly error: SchemaError;
  readonly schema: SchemaNode;
}

/** The validator stops counting here; nobody reads further. */
const maxErrors = 500;

/** Everything in which a value differs from the schema of the file, one entry for each thing to correct. */
export function mismatches(value: unknown): Mismatch[] {
  Settings.Set({ maxErrors });
  // `boolean` only repeats what `additionalProperties` says.
  let errors = Errors(configFile, value).filter(({ keyword }) => keyword !== "boolean");
  for (const union of errors.filter(({ keyword }) => keyword === "anyOf"))
    errors = settleUnion(errors, union);
  return oncePerValue(errors).map((error) => ({
    path: toPath(error.instancePath),
    error,
    schema: schemaAt(error.schemaPath),
  }));
}

/** A number can be of the wrong type and out of range: the message for either says all that is expected. */
function oncePerValue(errors: readonly SchemaError[]): SchemaError[] {
  const wrongValues = new Set<string>();
  return errors.filter(({ keyword, instancePath }) => {
    if (keyword === "required" || keyword === "additionalProperties") return true;
    const known = wrongValues.has(instancePath);
    wrongValues.add(instancePath);
    return !known;
  });
}

/** Adds what has to be corrected to the problems of the file. */
export function reportMismatch(
  source: ConfigSource,
  { path, error, schema }: Mismatch,
  found: unknown,
): void {
  if (error.keyword === "additionalProperties") {
    const known = Object.keys(schema["properties"] ?? {});
    for (const key of error.params.additionalProperties) {
      const hint = didYouMean(key, known) || `, expected one of ${known.join(", ")}`;
      source.reportKey([...path, key], `unknown key ${JSON.stringify(key)}${hint}`);
    }
  } else if (error.keyword === "required") {
    for (const key of error.params.requiredProperties)
      source.report(path, `expected key "${key}", found none`);
  } else {
    source.expect(path, expectation(error, schema), found);
  }
}

/**
 * A copy of the value without what does not fit, so that everything else can still be checked. An entry of a
 * list leaves a hole, and the others keep their index.
 */
export function prune(value: unknown, faults: readonly Mismatch[]): unknown {
  const copy = structuredClone(value);
  for (const { path, error } of faults) {
    if (error.keyword !== "additionalProperties") remove(copy, path, error.schemaPath);
  }
  return copy;
}

/** What goes with it: a map that lost a required key is no use to anyone. */
function remove(root: unknown, path: Path, schemaPath: string): void {
  if (path.length === 0) return;
  const parentSchemaPath = schemaPath.replace(/\/(properties|patternProperties)\/[^/]*$|\/items$/, "");
  const parentSchema = schemaAt(parentSchemaPath);
  const key = path.at(-1)!;
  const required = parentSchema["required"];
  if (Array.isArray(required) && required.includes(key))
    remove(root, path.slice(0, -1), branchless(parentSchemaPath));
  else delete (valueAt(root, path.slice(0, -1)) as Record<string | number, unknown> | undefined)?.[key];
}

/** Replaces the value at a path that exists. */
export function setValueAt(root: unknown, path: Path, value: unknown): void {
  (valueAt(root, path.slice(0, -1)) as Record<string | number, unknown>)[path.at(-1)!] = value;
}

/** The value at a path, or undefined. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const key of path) value = (value as Record<string | number, unknown> | null | undefined)?.[key];
  return value;
}

/**
 * A union reports the failure of each of its branches. What helps is one sentence for the whole union when
 * the schema has one, else the failures of the branch that was meant: the one whose type fits.
 */
function settleUnion(errors: readonly SchemaError[], union: SchemaError): SchemaError[] {
  const branches = `${union.schemaPath}/anyOf/`;
  const inside = errors.filter(
    ({ schemaPath, instancePath }) =>
      schemaPath.startsWith(branches) && isWithin(instancePath, union.instancePath),
  );
  const rest = errors.filter((error) => !inside.includes(error));
  if (schemaAt(union.schemaPath)["errorMessage"] !== undefined) return rest;
  const meant = inside.filter((error) => !isTypeOf(union, branchOf(error, branches), inside));
  return meant.length === 0 ? rest : [...rest.filter((error) => error !== union), ...meant];
}

function branchOf(error: SchemaError, branches: string): string {
  return `${branches}${error.schemaPath.slice(branches.length).split("/", 1)[0]}`;
}

/** Whether the branch fails on the type of the value itself. */
function isTypeOf(union: SchemaError, branch: string, errors: readonly SchemaError[]): boolean {
  return errors.some(
    ({ keyword, schemaPath, instancePath }) =>
      keyword === "type" && schemaPath === branch && instancePath === union.instancePath,
  );
}

function isWithin(instancePath: string, container: string): boolean {
  return instancePath === container || instancePath.startsWith(`${container}/`);
}

const typeNames: Readonly<Record<string, string>> = {
  object: "a map",
  array: "a list",
  string: "a text",
  boolean: "true or false",
  integer: "a whole number",
  number: "a number",
};

function expectation(error: SchemaError, schema: SchemaNode): string {
  if (typeof schema["errorMessage"] === "string") return schema["errorMessage"].replace(/^expected /, "");
  if (error.keyword === "enum")
    return error.params.allowedValues.map((value) => JSON.stringify(value)).join(" or ");
  if (error.keyword === "minItems") return "at least one entry";
  if (schema["type"] === "integer" && schema["minimum"] !== undefined) {
    return `a whole number from ${schema["minimum"]} to ${schema["maximum"]}`;
  }
  if (error.keyword === "anyOf") return unionOf(schema["anyOf"] as readonly SchemaNode[]);
  return typeNames[String(schema["type"])] ?? error.message;
}

function unionOf(branches: readonly SchemaNode[]): string {
  return branches.map((branch) => typeNames[String(branch["type"])]).join(" or ");
}

/** A JSON Pointer (RFC 6901) as keys. */
function toPath(pointer: string): string[] {
  const tokens = pointer.split("/").slice(1);
  return tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function schemaAt(schemaPath: string): SchemaNode {
  return (valueAt(configFile, toPath(schemaPath)) ?? {}) as SchemaNode;
}

function branchless(schemaPath: string): string {
  return schemaPath.replace(/\/anyOf\/[0-9]+$/, "");
}
