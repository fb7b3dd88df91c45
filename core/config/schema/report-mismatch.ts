import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";
import { didYouMean } from "../suggest.ts";
import type { Mismatch, SchemaError, SchemaNode } from "./shape.ts";

/** Adds what has to be corrected to the problems of the file. */
export function reportMismatch(source: ConfigSource, mismatch: Mismatch, found: unknown): void {
  const { path, error, schema } = mismatch;
  if (error.keyword === "additionalProperties") {
    const known = Object.keys(schema["properties"] ?? {});
    for (const key of error.params.additionalProperties) reportUnknownKey(source, [...path, key], known);
  } else if (error.keyword === "required") {
    for (const key of error.params.requiredProperties) {
      source.report(path, `expected key "${key}", found none`);
    }
  } else {
    source.expect(path, expectation(error, schema), found);
  }
}

function reportUnknownKey(source: ConfigSource, path: Path, known: readonly string[]): void {
  const key = String(path.at(-1));
  const hint = didYouMean(key, known) || `, expected one of ${known.join(", ")}`;
  source.reportKey(path, `unknown key ${JSON.stringify(key)}${hint}`);
}

const typeNames: Readonly<Record<string, string>> = {
  object: "a map",
  array: "a list",
  string: "a text",
  boolean: "true or false",
  integer: "a whole number",
};

function expectation(error: SchemaError, schema: SchemaNode): string {
  if (typeof schema["errorMessage"] === "string") return schema["errorMessage"].replace(/^expected /, "");
  if (error.keyword === "enum") return quoted(error.params.allowedValues);
  if (error.keyword === "minItems") return "at least one entry";
  if (error.keyword === "anyOf") return typesOf(schema["anyOf"] as readonly SchemaNode[]);
  if (schema["type"] === "integer" && schema["minimum"] !== undefined) {
    return `a whole number from ${schema["minimum"]} to ${schema["maximum"]}`;
  }
  return typeNames[String(schema["type"])] ?? error.message;
}

function quoted(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(" or ");
}

function typesOf(branches: readonly SchemaNode[]): string {
  return branches.map((branch) => typeNames[String(branch["type"])]).join(" or ");
}
