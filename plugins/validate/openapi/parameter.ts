import { isArray, isObject, type Json, type JsonObject } from "../../shared/json/json.ts";
import type { Violation } from "../schema/run.ts";
import type { Validate } from "../schema/validator.ts";
import type { ParameterCheck, ParameterSource } from "./operation.ts";

type Resolve = (schema: Json | undefined) => JsonObject;

/** Names that section 4.8.12.2.1 leaves to other parts of the document. */
const others = new Set(["accept", "authorization", "content-type"]);
const separators: Readonly<Record<string, string>> = {
  form: ",",
  simple: ",",
  spaceDelimited: " ",
  pipeDelimited: "|",
};

/**
 * Makes the check of a parameter; null: it is none of those that are checked.
 *
 * @param validate of its schema; null: it has none
 * @param template of the path
 * @throws Error for a style that is not known
 */
export function parameterCheck(
  parameter: JsonObject,
  at: string,
  validate: Validate | null,
  resolve: Resolve,
  template: string,
): ParameterCheck | null {
  const { name, in: place, required = false } = parameter;
  if (typeof name !== "string" || typeof place !== "string") throw new Error(`${at}: expected name and in`);
  if (place === "header" && others.has(name.toLowerCase())) return null;
  const read = readerOf(name, place, template, at);
  const style = String(parameter["style"] ?? (place === "query" || place === "cookie" ? "form" : "simple"));
  const schema = resolve(parameter["schema"]);
  const types = typesOf(schema, resolve);
  const isWhole = !types.has("array") && !types.has("object");
  if (validate && !isWhole && (types.has("object") || separators[style] === undefined)) {
    throw new Error(`${at}: parameters that are objects, and style ${style}, are not supported`);
  }
  const explodes = parameter["explode"] ?? style === "form";
  const itemTypes = typesOf(resolve(schema["items"]), resolve);
  const path = [place, name];
  const fail = (message: string): Violation[] => [
    { pointer: `/${place}/${name}`, message, schemaPointer: at },
  ];
  return (request) => {
    const texts = read(request);
    if (texts === null) return fail("is not well-formed");
    if (texts.length === 0) return required === true ? fail("must be there") : [];
    if (!validate) return [];
    if (isWhole) {
      // One reader takes the first, another one the last.
      return texts.length > 1 ? fail("must be there once") : validate(typed(texts[0]!, types), path);
    }
    const isMany = explodes === true && (place === "query" || place === "cookie");
    if (!isMany && texts.length > 1) return fail("must be there once");
    const items = isMany ? texts : texts[0]!.split(separators[style]!);
    return validate(
      items.map((item) => typed(item, itemTypes)),
      path,
    );
  };
}

/** Values of a parameter, none when it is absent; null: it cannot be decoded. */
function readerOf(name: string, place: string, template: string, at: string) {
  if (place === "query") {
    return ({ url }: ParameterSource) => new URL(url).searchParams.getAll(name);
  }
  if (place === "header") return ({ headers }: ParameterSource) => optional(headers.get(name));
  if (place === "cookie") return ({ headers }: ParameterSource) => cookies(headers.get("cookie"), name);
  if (place !== "path") throw new Error(`${at}: expected in: path, query, header or cookie`);
  const names = [...template.matchAll(/\{([^}]*)\}/g)].map(([, each]) => each);
  const index = names.indexOf(name);
  if (index < 0) throw new Error(`${at}: ${template} has no {${name}}`);
  const last = template.split(/\{[^}]*\}/).map((part) => part.replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&"));
  // The path of a server stands before it.
  const test = new RegExp(`${last.join("([^/]+)")}$`);
  return ({ url }: ParameterSource) => decoded(test.exec(new URL(url).pathname)?.[index + 1]);
}

function optional(value: string | null): string[] {
  return value === null ? [] : [value];
}

function decoded(value: string | undefined): string[] | null {
  try {
    return value === undefined ? [] : [decodeURIComponent(value)];
  } catch {
    return null;
  }
}

/** RFC 6265 section 4.2.1. */
function cookies(value: string | null, name: string): string[] {
  const pairs = (value ?? "").split(";").map((pair) => pair.trim());
  return pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1));
}

/** The types that a schema names, also in its choices. */
function typesOf(schema: JsonObject, resolve: Resolve, depth = 0): Set<string> {
  const { type } = schema;
  const found = new Set<string>((isArray(type) ? type : [type]).filter((each) => typeof each === "string"));
  if (depth > 5) return found;
  for (const keyword of ["allOf", "anyOf", "oneOf"]) {
    const list = schema[keyword];
    for (const part of isArray(list) ? list : []) {
      for (const each of typesOf(resolve(isObject(part) ? part : {}), resolve, depth + 1)) found.add(each);
    }
  }
  return found;
}

/** The value that a text means where the schema wants it to be one. */
function typed(text: string, types: ReadonlySet<string>): Json {
  const isNumber = types.has("integer") || types.has("number");
  if (isNumber && /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  if (types.has("boolean") && (text === "true" || text === "false")) return text === "true";
  return text;
}
