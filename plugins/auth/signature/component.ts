/** Parts of a request that a signature can cover (RFC 9421, section 2). */
import type { PluginRequest } from "sluice/sdk";
import { parseDictionary, parseItem, parseList } from "../../shared/structured-fields/parse.ts";
import type { Item, Parameters } from "../../shared/structured-fields/value.ts";
import { writeDictionary, writeItem, writeList, writeMember } from "../../shared/structured-fields/write.ts";

/** As much of a request as is signed. */
export type SignedRequest = Pick<PluginRequest, "method" | "url"> & {
  readonly headers: Pick<PluginRequest["headers"], "get">;
};

export type FieldType = "dictionary" | "list" | "item";

/** How fields are read that a signature covers in their strict form (`;sf`). */
export type FieldTypes = ReadonlyMap<string, FieldType>;

/**
 * The value of a component, as it stands in the text that was signed; null: the request has none, or there is no such
 * component. What belongs to responses and to trailers is none of a request.
 *
 * @example
 * componentValue(parseItem('"@query-param";name="Pet"')!, request, new Map()); // "dog"
 */
export function componentValue(identifier: Item, request: SignedRequest, types: FieldTypes): string | null {
  const { item, parameters } = identifier;
  if (item.type !== "string") return null;
  if (item.value === "@query-param") return queryParam(request.url, parameters);
  if (item.value.startsWith("@")) return parameters.size > 0 ? null : derived(item.value, request);
  return fieldValue(item.value, parameters, request, types);
}

/** Section 2.2. */
function derived(name: string, { method, url }: SignedRequest): string | null {
  if (name === "@method") return method;
  const target = targetOf(url);
  switch (name) {
    case "@target-uri":
      return `${target.scheme}://${target.authority}${target.path}${target.query}`;
    case "@authority":
      return target.authority;
    case "@scheme":
      return target.scheme;
    case "@request-target":
      return target.path + target.query;
    case "@path":
      return target.path;
    case "@query":
      // Section 2.2.7: also where there is no query.
      return target.query === "" ? "?" : target.query;
    default:
      return null;
  }
}

const defaultPorts: Readonly<Record<string, string>> = { http: ":80", https: ":443" };

/** Normalised as RFC 9110, section 4.2.3, says: scheme and host in lower case, no default port, never an empty path. */
function targetOf(url: string) {
  const [, scheme = "", host = "", path = "", query = ""] =
    /^([a-z]+):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?/i.exec(url) ?? [];
  const lower = scheme.toLowerCase();
  const authority = host.toLowerCase();
  const port = defaultPorts[lower] ?? "";
  return {
    scheme: lower,
    authority: port !== "" && authority.endsWith(port) ? authority.slice(0, -port.length) : authority,
    path: path || "/",
    query,
  };
}

/** Section 2.2.8: one that comes twice cannot be covered, because nobody could say which of them is meant. */
function queryParam(url: string, parameters: Parameters): string | null {
  const name = parameters.get("name");
  if (parameters.size !== 1 || name?.type !== "string") return null;
  const found = [...new URLSearchParams(targetOf(url).query)].filter(
    ([other]) => encoded(other) === name.value,
  );
  return found.length === 1 ? encoded(found[0]![1]) : null;
}

/** URL Standard, the application/x-www-form-urlencoded percent-encode set, with `%20` for a space. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()~]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Section 2.1. Names have no capitals, so that a field has one identifier. */
function fieldValue(
  name: string,
  parameters: Parameters,
  { headers }: SignedRequest,
  types: FieldTypes,
): string | null {
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) return null;
  const value = headers.get(name);
  if (value === null || parameters.size === 0) return value;
  const { sf, key, bs, ...others } = Object.fromEntries(parameters);
  if (Object.keys(others).length > 0) return null;
  const isFlag = (flag: typeof sf) => flag === undefined || (flag.type === "boolean" && flag.value);
  if (!isFlag(sf) || !isFlag(bs)) return null;
  // Section 2.1.3: bytes are not parsed.
  if (bs !== undefined) return sf === undefined && key === undefined ? `:${btoa(value)}:` : null;
  if (key !== undefined) return key.type === "string" ? memberOf(value, key.value) : null;
  return strictForm(value, types.get(name));
}

/** Section 2.1.2. */
function memberOf(value: string, key: string): string | null {
  const member = parseDictionary(value)?.get(key);
  return member === undefined ? null : writeMember(member);
}

/** Section 2.1.1. A field whose type nobody knows has no strict form. */
function strictForm(value: string, type: FieldType | undefined): string | null {
  if (type === "dictionary") {
    const members = parseDictionary(value);
    return members && writeDictionary(members);
  }
  if (type === "list") {
    const members = parseList(value);
    return members && writeList(members);
  }
  const item = type === "item" ? parseItem(value) : null;
  return item && writeItem(item);
}
