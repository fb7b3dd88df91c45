/**
 * How parameters are written (OpenAPI 3.1 section 4.8.12, RFC 6570): from texts as they are sent to the value that they mean.
 * Separators count before anything is decoded, or a value could bring its own.
 */
import { withoutBlanks } from "../../shared/blanks.ts";
import type { Json } from "../../shared/json/json.ts";
import { type Query, queryOf } from "./query.ts";

export interface Style {
  readonly name: string;
  readonly place: "path" | "query" | "header" | "cookie";
  readonly style: string;
  readonly explode: boolean;
}

/** What a parameter is: one value, a list, or an object with these properties. */
export type Shape = { readonly kind: "whole" | "list"; readonly types: Types } | ObjectShape;

interface ObjectShape {
  readonly kind: "object";
  /** Properties that the schema names. */
  readonly names: readonly string[];
  typesOf(property: string): Types;
}

type Types = ReadonlySet<string>;

/** Texts of a request: undecoded where that makes a difference. */
export interface Texts {
  readonly url: string;
  /** Of the parameter, if it is in the path. */
  readonly segment: string | null;
  /** Of the parameter, if it is a field or a cookie. */
  readonly values: readonly string[];
}

export type Found = { readonly value: Json } | "absent" | "twice" | "malformed";

const inPath = ["simple", "label", "matrix"];
const inQuery = ["form", "spaceDelimited", "pipeDelimited", "deepObject"];
const known: Readonly<Record<Style["place"], readonly string[]>> = {
  path: inPath,
  query: inQuery,
  header: ["simple"],
  cookie: ["form"],
};

/** Why a parameter cannot be written like this; null: it can. */
export function problemIn({ place, style, explode }: Style, { kind }: Shape): string | null {
  if (!known[place].includes(style)) return `style ${style} is none of ${known[place].join(", ")}`;
  if (style === "deepObject" && kind !== "object") return "style deepObject is for objects";
  if (place === "cookie" && kind === "object" && explode)
    return "an object in cookies has no style but form with explode: false";
  const isDelimited = style === "spaceDelimited" || style === "pipeDelimited";
  return isDelimited && explode && kind === "object"
    ? `style ${style} has no objects with explode: true`
    : null;
}

/** Finds the value of a parameter in the texts of a request. */
export function valueIn(texts: Texts, style: Style, shape: Shape): Found {
  try {
    return style.place === "query"
      ? inQueryOf(queryOf(texts.url), style, shape)
      : inText(texts, style, shape);
  } catch (error) {
    if (error instanceof URIError || error instanceof Malformed) return "malformed";
    throw error;
  }
}

class Malformed extends Error {}

function inQueryOf(query: Query, { name, style, explode }: Style, shape: Shape): Found {
  if (shape.kind === "object" && style === "deepObject") return deepObject(query, name, shape);
  if (shape.kind === "object" && explode) {
    return objectOf(
      query.filter(([key]) => shape.names.includes(key)),
      shape,
      formDecoded,
    );
  }
  const texts = query.filter(([key]) => key === name).map(([, value]) => value);
  if (texts.length === 0) return "absent";
  if (shape.kind === "list" && explode)
    return { value: texts.map((text) => typed(formDecoded(text), shape.types)) };
  // One reader takes the first, another one the last.
  if (texts.length > 1) return "twice";
  return shaped(texts[0]!, separatorOf(style), shape, formDecoded, false);
}

function separatorOf(style: string): RegExp {
  if (style === "spaceDelimited") return /%20|\+| /;
  return style === "pipeDelimited" ? /\||%7C/i : /,/;
}

/** `filter[a]=1&filter[b]=2`; one level, as the specification says. */
function deepObject(query: Query, name: string, shape: ObjectShape): Found {
  const pairs: [string, string][] = [];
  for (const [key, value] of query) {
    if (!key.startsWith(`${name}[`)) continue;
    const property = /^\[([^[\]]+)\]$/.exec(key.slice(name.length))?.[1];
    if (property === undefined) throw new Malformed();
    pairs.push([property, value]);
  }
  return objectOf(pairs, shape, formDecoded);
}

function inText({ segment, values }: Texts, { name, place, style, explode }: Style, shape: Shape): Found {
  if (place === "cookie") {
    if (values.length === 0) return "absent";
    const isMany = explode && shape.kind === "list";
    if (isMany) return { value: values.map((text) => typed(text, shape.types)) };
    return values.length > 1 ? "twice" : shaped(values[0]!, /,/, shape, asItIs, false);
  }
  if (place === "header") {
    const [text] = values;
    if (text === undefined) return "absent";
    // White space around an item is no part of it (RFC 9110 section 5.6.1).
    const items = shape.kind === "whole" ? text : text.split(",").map(withoutBlanks).join(",");
    return shaped(items, /,/, shape, asItIs, explode);
  }
  if (segment === null) return "absent";
  const decode = decodeURIComponent;
  if (style === "simple") return shaped(segment, /,/, shape, decode, explode);
  if (style === "label") return shaped(behind(segment, "."), explode ? /\./ : /,/, shape, decode, explode);
  if (!explode || shape.kind === "whole")
    return shaped(behind(segment, `;${name}=`), /,/, shape, decode, false);
  const rest = behind(segment, ";");
  if (shape.kind === "object") return shaped(rest, /;/, shape, decode, true);
  const items = rest.split(";").map((item) => typed(decode(behind(item, `${name}=`)), shape.types));
  return { value: items };
}

function behind(text: string, prefix: string): string {
  if (!text.startsWith(prefix)) throw new Malformed();
  return text.slice(prefix.length);
}

type Decode = (text: string) => string;

const asItIs: Decode = (text) => text;
const formDecoded: Decode = (text) => decodeURIComponent(text.replaceAll("+", " "));

/** @param hasEquals whether properties are `name=value`, not `name,value` */
function shaped(text: string, separator: RegExp, shape: Shape, decode: Decode, hasEquals: boolean): Found {
  if (shape.kind === "whole") return { value: typed(decode(text), shape.types) };
  const parts = text === "" ? [] : text.split(separator);
  if (shape.kind !== "object") return { value: parts.map((part) => typed(decode(part), shape.types)) };
  const pairs = hasEquals ? parts.map(splitPair) : inTwos(parts);
  return objectOf(
    pairs.map(([key, value]) => [decode(key), value] as const),
    shape,
    decode,
    true,
  );
}

function splitPair(part: string): readonly [string, string] {
  const equals = part.indexOf("=");
  if (equals < 0) throw new Malformed();
  return [part.slice(0, equals), part.slice(equals + 1)];
}

function inTwos(parts: readonly string[]): (readonly [string, string])[] {
  if (parts.length % 2 !== 0) throw new Malformed();
  return Array.from({ length: parts.length / 2 }, (_, i) => [parts[2 * i]!, parts[2 * i + 1]!]);
}

/** @param isThere whether an object without any property is one */
function objectOf(
  pairs: readonly (readonly [string, string])[],
  { typesOf }: ObjectShape,
  decode: Decode,
  isThere = false,
): Found {
  if (pairs.length === 0 && !isThere) return "absent";
  const found = new Map<string, Json>();
  for (const [key, text] of pairs) {
    const types = typesOf(key);
    const value = typed(decode(text), types);
    const before = found.get(key);
    if (types.has("array")) found.set(key, [...((before as Json[] | undefined) ?? []), value]);
    else if (before !== undefined) return "twice";
    else found.set(key, value);
  }
  // Not by assigning: `__proto__` is a name as any other [CVE-2026-21717].
  return { value: Object.fromEntries(found) as Json };
}

/** The value that a text means where the schema wants it to be one. */
function typed(text: string, types: Types): Json {
  const isNumber = types.has("integer") || types.has("number");
  if (isNumber && /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  if (types.has("boolean") && (text === "true" || text === "false")) return text === "true";
  return text;
}
