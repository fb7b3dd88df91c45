import { withoutBlanks } from "../../shared/blanks.ts";
import { toldUrl } from "../../shared/told-url.ts";
import type { RequestHead } from "../fields.ts";

/** What of a request belongs to its key beside method, scheme, authority, path and query. */
export interface KeyRules {
  /** Names of request fields, in lower case. */
  readonly fields: readonly string[];
  /** Names of cookies. */
  readonly cookies: readonly string[];
  /** `all`: the query does not count. Otherwise parameters that do not; `utm_*` stands for all that begin so. */
  readonly ignoredQuery: "all" | readonly string[];
  /** Whether the order of parameters does not count; that of parameters with the same name always does. */
  readonly sortQuery: boolean;
}

/**
 * The key under which responses to a request are kept (RFC 9111 section 2). It holds what chooses the
 * response: one part left out and a client gets what was made for another (CVE-2026-2836). What else
 * changes the response is for the origin to say with Vary, or for the operator to name here.
 *
 * The path is the one that is forwarded, byte for byte: whatever the origin makes of it, it made of the
 * same bytes before. HEAD shares the key of GET, and so
 * does a POST whose result answers later GETs (RFC 9110 section 9.3.3). Parts are lines, and no field or target holds a line feed.
 *
 * @example
 * cacheKey({ method: "GET", url: "https://a.test/b?c", headers }, rules); // "GET https://a.test/b?c"
 */
export function cacheKey(request: RequestHead, rules: KeyRules): string {
  const method = request.method === "HEAD" || request.method === "POST" ? "GET" : request.method;
  const parts = [`${method} ${keyedUrl(request.url, rules)}`, ...toldUrl(request.headers)];
  for (const name of rules.fields) parts.push(part(`field ${name}`, request.headers.get(name)));
  if (rules.cookies.length > 0) {
    const sent = cookieValues(request.headers.get("cookie"));
    for (const name of rules.cookies) parts.push(part(`cookie ${name}`, sent.get(name) ?? null));
  }
  return parts.join("\n");
}

/** An absent value has no `=`, so that it differs from an empty one. */
function part(name: string, value: string | null): string {
  return value === null ? name : `${name}=${value}`;
}

/**
 * A URL as keys hold it: scheme and authority in lower case, no default port, no fragment, the query as
 * the rules say. Not `URL`, which repairs what it parses, and not alike on every engine.
 */
export function keyedUrl(url: string, rules: Pick<KeyRules, "ignoredQuery" | "sortQuery">): string {
  const [, scheme = "", authority = "", rest = ""] = /^([^:/?#]+):\/\/([^/?#]*)([^#]*)/.exec(url) ?? [];
  const question = rest.indexOf("?");
  const path = question < 0 ? rest : rest.slice(0, question);
  const query = question < 0 ? null : rest.slice(question + 1);
  return origin(scheme, authority) + (path || "/") + keyedQuery(query, rules);
}

function origin(scheme: string, authority: string): string {
  const lower = scheme.toLowerCase();
  const port = lower === "https" ? /:(?:443)?$/ : /:(?:80)?$/;
  return `${lower}://${authority.toLowerCase().replace(port, "")}`;
}

function keyedQuery(query: string | null, rules: Pick<KeyRules, "ignoredQuery" | "sortQuery">): string {
  if (query === null || rules.ignoredQuery === "all") return "";
  const { ignoredQuery, sortQuery } = rules;
  // Some origins part parameters at ";" too: what hides behind one must not leave the key (CVE-2021-23336).
  if ((ignoredQuery.length === 0 && !sortQuery) || query.includes(";")) return `?${query}`;
  const kept = query.split("&").filter((parameter) => !isIgnored(nameOf(parameter), ignoredQuery));
  if (sortQuery) kept.sort((a, b) => compare(nameOf(a), nameOf(b)));
  return kept.length === 0 ? "" : `?${kept.join("&")}`;
}

function isIgnored(name: string, ignored: readonly string[]): boolean {
  return ignored.some((pattern) =>
    pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}

function nameOf(parameter: string): string {
  const equals = parameter.indexOf("=");
  return equals < 0 ? parameter : parameter.slice(0, equals);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** All values of a name, since it is the origin that decides which of them counts. */
function cookieValues(cookie: string | null): Map<string, string> {
  const values = new Map<string, string>();
  for (const pair of (cookie ?? "").split(";")) {
    const equals = pair.indexOf("=");
    if (equals < 0) continue;
    const name = withoutBlanks(pair.slice(0, equals));
    const value = withoutBlanks(pair.slice(equals + 1));
    const former = values.get(name);
    values.set(name, former === undefined ? value : `${former};${value}`);
  }
  return values;
}
