import { isArray, isObject, type Json, type JsonObject } from "../../shared/json/json.ts";
import { PathTemplate } from "../../shared/openapi/path-template.ts";
import { readJson } from "../read-json.ts";
import type { Violation } from "../schema/run.ts";
import type { Validate } from "../schema/validator.ts";
import type { ParameterCheck, ParameterSource } from "./operation.ts";
import { type Found, problemIn, type Shape, type Style, type Texts, valueIn } from "./style.ts";

type Resolve = (schema: Json | undefined) => JsonObject;

/** Names that section 4.8.12.2.1 leaves to other parts of the document. */
const others = new Set(["accept", "authorization", "content-type"]);
const places = ["path", "query", "header", "cookie"] as const;

/** How a parameter's schema is found and applied. */
export interface ParameterSchema {
  /** Of its `schema`, or of its `content`; null: it has neither, or a `content` that is not JSON. */
  readonly validate: Validate | null;
  /** Whether it is a text of JSON. */
  readonly isContent: boolean;
  readonly resolve: Resolve;
}

/**
 * Makes the check of a parameter; null: it is none of those that are checked.
 *
 * @param template of the path
 * @throws Error for what no text can be
 */
export function parameterCheck(
  parameter: JsonObject,
  at: string,
  { validate, isContent, resolve }: ParameterSchema,
  template: string,
): ParameterCheck | null {
  const { name, in: place, required = false } = parameter;
  if (typeof name !== "string" || typeof place !== "string") throw new Error(`${at}: expected name and in`);
  if (place === "header" && others.has(name.toLowerCase())) return null;
  const style = styleOf(parameter, name, place, at);
  const shape = isContent ? wholeText : shapeOf(resolve(parameter["schema"]), resolve, at);
  const problem = validate === null ? null : problemIn(style, shape);
  if (problem !== null) throw new Error(`${at}: ${problem}`);
  const read = readerOf(style, template, at);
  const path = [place, name];
  const fail = (message: string): Violation[] => [
    { pointer: `/${place}/${name}`, message, schemaPointer: at },
  ];
  return (request) => {
    const found = isContent
      ? jsonIn(valueIn(read(request), style, shape))
      : valueIn(read(request), style, shape);
    if (found === "malformed") return fail("is not well-formed");
    if (found === "absent") return required === true ? fail("must be there") : [];
    if (found === "twice") return fail("must be there once");
    return validate === null ? [] : validate(found.value, path);
  };
}

const wholeText: Shape = { kind: "whole", types: new Set() };

/** What the text of a parameter with `content` means. */
function jsonIn(found: Found): Found {
  if (typeof found === "string") return found;
  const read = readJson(new TextEncoder().encode(String(found.value)));
  return "problem" in read ? "malformed" : read;
}

function styleOf(parameter: JsonObject, name: string, place: string, at: string): Style {
  const known = places.find((each) => each === place);
  if (known === undefined) throw new Error(`${at}: expected in: path, query, header or cookie`);
  const isForm = known === "query" || known === "cookie";
  const style = String(parameter["style"] ?? (isForm ? "form" : "simple"));
  return { name, place: known, style, explode: (parameter["explode"] ?? style === "form") === true };
}

function shapeOf(schema: JsonObject, resolve: Resolve, at: string): Shape {
  const types = typesOf(schema, resolve);
  if (!types.has("object")) {
    const isList = types.has("array");
    return isList
      ? { kind: "list", types: typesOf(resolve(schema["items"]), resolve) }
      : { kind: "whole", types };
  }
  if (types.has("array")) throw new Error(`${at}: a text cannot be told to be a list or an object`);
  const properties = propertiesOf(schema, resolve);
  const own = new Map(properties.map(([name, each]) => [name, elementTypes(each, resolve)]));
  const rest = elementTypes(resolve(schema["additionalProperties"]), resolve);
  return { kind: "object", names: [...own.keys()], typesOf: (name) => own.get(name) ?? rest };
}

/** Types of a property; of a list also those of its items. */
function elementTypes(schema: JsonObject, resolve: Resolve): ReadonlySet<string> {
  const types = typesOf(schema, resolve);
  return types.has("array") ? new Set([...types, ...typesOf(resolve(schema["items"]), resolve)]) : types;
}

/** Also those that parts of `allOf`, `anyOf` and `oneOf` name. */
function propertiesOf(schema: JsonObject, resolve: Resolve, depth = 0): [string, JsonObject][] {
  const { properties } = schema;
  const own = isObject(properties) ? Object.entries(properties) : [];
  const found = own.map(([name, each]): [string, JsonObject] => [name, resolve(each)]);
  if (depth > 5) return found;
  return [...partsOf(schema).flatMap((part) => propertiesOf(resolve(part), resolve, depth + 1)), ...found];
}

function partsOf(schema: JsonObject): Json[] {
  return ["allOf", "anyOf", "oneOf"].flatMap((keyword) => {
    const list = schema[keyword];
    return isArray(list) ? list : [];
  });
}

/** The texts in which a parameter is. */
function readerOf({ name, place }: Style, template: string, at: string): (source: ParameterSource) => Texts {
  const texts = (url: string, values: readonly string[] = [], segment: string | null = null) => ({
    url,
    values,
    segment,
  });
  if (place === "query") return ({ url }) => texts(url);
  if (place === "header") {
    return ({ url, headers }) => {
      const value = headers.get(name);
      return texts(url, value === null ? [] : [value]);
    };
  }
  if (place === "cookie") return ({ url, headers }) => texts(url, cookies(headers.get("cookie"), name));
  const path = new PathTemplate(template);
  const index = path.names.indexOf(name);
  if (index < 0) throw new Error(`${at}: ${template} has no {${name}}`);
  // The path of a server stands before it.
  return ({ url }) => texts(url, [], path.valuesAtEnd(new URL(url).pathname)?.[index] ?? null);
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
  for (const part of partsOf(schema)) {
    for (const each of typesOf(resolve(isObject(part) ? part : {}), resolve, depth + 1)) found.add(each);
  }
  return found;
}
