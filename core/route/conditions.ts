/** Conditions on what a client sends beside host, path and method. */
import type { RouteMatch, ValueMatch } from "../config/route-model.ts";
import { readCookie } from "../wire/cookie.ts";
import { asBytes, readParameter } from "../wire/query.ts";

/** The values of a request. */
export interface ValueReader {
  /** A field by its name in lower case. */
  get(name: string): string | null;
  /** From `?` on, or empty. */
  readonly query: string;
  /** Absent where no route asks for it. */
  readonly scheme?: "http" | "https" | null;
}

/** What a request must have for a route to take it. */
export interface Conditions {
  readonly scheme: RouteMatch["scheme"];
  readonly headers: readonly ValueMatch[];
  /** Texts in the form of `asBytes`. */
  readonly query: readonly ValueMatch[];
  readonly cookies: readonly ValueMatch[];
}

/** Null where there are none: such a route is not asked about them. */
export function compileConditions({ scheme, headers, query, cookies }: RouteMatch): Conditions | null {
  if (scheme === null && headers.length + query.length + cookies.length === 0) return null;
  return { scheme, headers, query: query.map(inBytes), cookies };
}

/** Whether a request has all of it. */
export function hold({ scheme, headers, query, cookies }: Conditions, request: ValueReader): boolean {
  if (scheme !== null && request.scheme !== scheme) return false;
  for (let i = 0; i < headers.length; i++) {
    if (!fits(headers[i]!, request.get(headers[i]!.name))) return false;
  }
  for (let i = 0; i < query.length; i++) {
    if (!fits(query[i]!, readParameter(request.query, query[i]!.name))) return false;
  }
  return cookies.length === 0 || haveCookies(cookies, request.get("cookie"));
}

function haveCookies(cookies: readonly ValueMatch[], field: string | null): boolean {
  return field !== null && cookies.every((cookie) => fits(cookie, readCookie(field, cookie.name)));
}

function fits({ value }: ValueMatch, found: string | null): boolean {
  if (found === null) return false;
  if (value === null) return true;
  if (typeof value === "string") return found === value;
  return "prefix" in value ? found.startsWith(value.prefix) : value.oneOf.includes(found);
}

function inBytes({ name, value }: ValueMatch): ValueMatch {
  return { name: asBytes(name), value: valueInBytes(value) };
}

function valueInBytes(value: ValueMatch["value"]): ValueMatch["value"] {
  if (value === null) return null;
  if (typeof value === "string") return asBytes(value);
  if ("prefix" in value) return { prefix: asBytes(value.prefix) };
  return { oneOf: value.oneOf.map(asBytes) };
}
