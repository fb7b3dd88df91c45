import { isObject, type Json, type JsonObject } from "../shared/json/json.ts";
import { pointerOf } from "../shared/json/pointer.ts";
import { type Part, partAt } from "../shared/openapi/document.ts";
import { isProxyField } from "../shared/proxy-fields.ts";
import type { Answer, Body } from "./answer.ts";
import { Random } from "./generate/random.ts";
import { generated } from "./generate/value.ts";
import type { Preference } from "./prefer.ts";
import { schemaBody } from "./schema-body.ts";

/** These never have a body (RFC 9110 section 15), also where a client prefers one that the document has not. */
const bodiless = new Set([204, 205, 304]);

/** A response of an operation. */
export interface OperationResponse {
  /** `200`, `2XX` or `DEFAULT`. */
  readonly key: string;
  readonly headers: Answer["headers"];
  /** Empty: it has no body. */
  readonly media: readonly Media[];
}

interface Media {
  readonly type: string;
  readonly examples: ReadonlyMap<string, string>;
  /** Null: it has no schema, or an example of which there is more. */
  readonly schema: Body | null;
}

/** @throws Error for a response of which nothing can be made */
export function operationResponses(document: JsonObject, path: readonly string[]): OperationResponse[] {
  const { responses } = partAt(document, path).value;
  if (!isObject(responses)) return [];
  return Object.keys(responses).map((status) => {
    const { value, path: at } = partAt(document, [...path, "responses", status]);
    const types = isObject(value["content"]) ? Object.keys(value["content"]) : [];
    const isBare = bodiless.has(Number(status));
    return {
      key: status.toUpperCase(),
      headers: headersOf(document, { value, path: at }),
      media: isBare ? [] : types.map((type) => mediaOf(document, [...at, "content", type], type)),
    };
  });
}

function mediaOf(document: JsonObject, path: readonly string[], type: string): Media {
  const { value, path: at } = partAt(document, path);
  if (!/^[\x21-\x7e][\x20-\x7e]*$/.test(type)) throw new Error(`#${pointerOf(path)}: this is no media type`);
  const isJson = /^application\/(?:[^\s;/]+\+)?json\s*(?:;|$)/i.test(type);
  const textOf = (example: Json): string =>
    typeof example === "string" && !isJson ? example : JSON.stringify(example);
  const examples = new Map<string, string>();
  if (value["example"] !== undefined) examples.set("example", textOf(value["example"]));
  for (const name of Object.keys(isObject(value["examples"]) ? value["examples"] : {})) {
    const example = partAt(document, [...at, "examples", name]).value["value"];
    if (example !== undefined) examples.set(name, textOf(example));
  }
  const { schema } = value;
  if (schema === undefined) return { type, examples, schema: null };
  try {
    return { type, examples, schema: schemaBody(schema, document, `#${pointerOf([...at, "schema"])}`) };
  } catch (error) {
    if (examples.size > 0) return { type, examples, schema: null };
    throw error;
  }
}

/** Fields that have an example, or a schema of one text or number. */
function headersOf(document: JsonObject, { value, path }: Part): Answer["headers"] {
  const found: [string, string][] = [];
  for (const name of Object.keys(isObject(value["headers"]) ? value["headers"] : {})) {
    if (isProxyField(name) || name.toLowerCase() === "content-type") continue;
    const { example, schema } = partAt(document, [...path, "headers", name]).value;
    const made =
      example ?? (schema === undefined ? undefined : generated(schema, document, new Random(name)));
    const text =
      typeof made === "string" || typeof made === "number" || typeof made === "boolean" ? String(made) : "";
    if (/^[\x20-\x7e]+$/.test(text)) found.push([name, text]);
  }
  return found;
}

/**
 * The answer of an operation: with the status that is preferred, or else its first success, or its default.
 *
 * @param accept value of Accept
 * @returns null: it has no such response, or none that is accepted
 */
export function operationAnswer(
  responses: readonly OperationResponse[],
  preference: Preference,
  accept: string | null,
): Answer | null {
  const response = responseFor(responses, preference.code);
  if (response === null) return null;
  const { headers, media } = response;
  const status = preference.code ?? statusOf(response.key);
  if (media.length === 0 || bodiless.has(status))
    return { name: response.key.toLowerCase(), status, headers, body: null, delay: null };
  const chosen = media.find(({ type }) => accepts(accept, type));
  if (chosen === undefined) return null;
  const { example, isDynamic } = preference;
  const typed: Answer["headers"] = [...headers, ["content-type", chosen.type]];
  const answer = { status, headers: typed, delay: null };
  if (example !== null) {
    const text = chosen.examples.get(example);
    return text === undefined ? null : { ...answer, name: example, body: () => text };
  }
  const [first] = chosen.examples;
  if (first !== undefined && !(isDynamic && chosen.schema !== null)) {
    return { ...answer, name: first[0], body: () => first[1] };
  }
  return { ...answer, name: "schema", body: chosen.schema };
}

function responseFor(responses: readonly OperationResponse[], code: number | null): OperationResponse | null {
  const keys = code === null ? ["200", "201"] : [String(code), `${String(code)[0]}XX`];
  for (const key of keys) {
    const found = responses.find((each) => each.key === key);
    if (found !== undefined) return found;
  }
  const success = code === null ? responses.find(({ key }) => key.startsWith("2")) : undefined;
  const fallback = responses.find(({ key }) => key === "DEFAULT");
  return success ?? fallback ?? (code === null ? (responses[0] ?? null) : null);
}

function statusOf(key: string): number {
  if (key === "DEFAULT") return 200;
  return Math.max(200, Number(key.replace("XX", "00")));
}

/** Whether Accept (RFC 9110 section 12.5.1) allows a type; which one is liked better is not asked. */
function accepts(accept: string | null, type: string): boolean {
  if (accept === null || accept.trim() === "") return true;
  const [wanted = ""] = type.toLowerCase().split(";", 1);
  const own = wanted.trim();
  return accept.split(",").some((range) => {
    const [name = "", ...parameters] = range.toLowerCase().split(";");
    if (parameters.some((parameter) => /^\s*q\s*=\s*0(?:\.0*)?\s*$/.test(parameter))) return false;
    const pattern = name.trim();
    return (
      pattern === "*/*" || pattern === own || (pattern.endsWith("/*") && own.startsWith(pattern.slice(0, -1)))
    );
  });
}
