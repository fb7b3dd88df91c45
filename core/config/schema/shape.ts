import { Errors } from "typebox/schema";
import { Settings } from "typebox/system";
import { type Path, pathOfPointer, valueAt } from "../source/value-path.ts";
import { configFile } from "./schema.ts";

export type SchemaNode = Readonly<Record<string, unknown>>;
export type SchemaError = ReturnType<typeof Errors>[1][number];

/** A place where value and schema disagree. */
export interface Mismatch {
  readonly path: Path;
  readonly error: SchemaError;
  /** The schema that the error is about. */
  readonly schema: SchemaNode;
}

export interface Shape {
  /** One entry for each thing to correct. */
  readonly mismatches: readonly Mismatch[];
  /** False when there was too much to list it all. */
  readonly complete: boolean;
}

/** The validator stops counting here; nobody reads further. */
const maxErrors = 500;

/** Compares a value with the schema of the file. */
export function checkShape(value: unknown): Shape {
  Settings.Set({ maxErrors });
  const [, found] = Errors(configFile, value);
  // `boolean` only repeats what `additionalProperties` says.
  let errors = found.filter(({ keyword }) => keyword !== "boolean");
  for (const union of errors.filter(({ keyword }) => keyword === "anyOf")) {
    errors = settleUnion(errors, union);
  }
  const mismatches = oncePerValue(errors).map((error) => ({
    path: pathOfPointer(error.instancePath),
    error,
    schema: schemaAt(error.schemaPath),
  }));
  return { mismatches, complete: found.length < maxErrors };
}

/** The part of the schema at a path of the form `#/properties/limits`; an empty one where there is none. */
export function schemaAt(schemaPath: string): SchemaNode {
  return (valueAt(configFile, pathOfPointer(schemaPath)) ?? {}) as SchemaNode;
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
  const meant = inside.filter((error) => !failsOnType(branchOf(error, branches), union, inside));
  return meant.length === 0 ? rest : [...rest.filter((error) => error !== union), ...meant];
}

function branchOf(error: SchemaError, branches: string): string {
  return `${branches}${error.schemaPath.slice(branches.length).split("/", 1)[0]}`;
}

/** Whether a branch fails on the type of the value itself. */
function failsOnType(branch: string, union: SchemaError, errors: readonly SchemaError[]): boolean {
  return errors.some(
    ({ keyword, schemaPath, instancePath }) =>
      keyword === "type" && schemaPath === branch && instancePath === union.instancePath,
  );
}

function isWithin(instancePath: string, container: string): boolean {
  return instancePath === container || instancePath.startsWith(`${container}/`);
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
