import { unkeyedPart } from "../shared/unkeyed.ts";
import { requestDirectives } from "./directives/request-directives.ts";
import type { ResponseDirectives } from "./directives/response-directives.ts";
import { type FieldList, fieldValue, type RequestHead } from "./fields.ts";
import { keyedUrl } from "./key/cache-key.ts";
import { varyNames } from "./key/vary.ts";
import type { ReadResponse } from "./read-response.ts";
import type { CacheRules } from "./rules.ts";

/** Why a response is not kept. */
export type Refusal =
  | "method"
  | "unkeyed"
  | "status"
  | "no-store"
  | "private"
  | "authorization"
  | "vary"
  | "no-lifetime"
  | "personal"
  | "set-cookie"
  | "too-large"
  | "useless";

/** Statuses whose caching this cache knows all about, for must-understand (RFC 9111 section 5.2.2.3). */
const understood = new Set([
  200, 203, 204, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 410, 414, 500, 501, 502, 503, 504,
]);

/**
 * Why a response must not, or had better not, be kept, or null when it is to be (RFC 9111 section 3). The
 * body must be whole, too (section 3.3), which is seen only at its end.
 *
 * @example
 * storingRefusal(request, readResponse({ status: 200, fields: [["cache-control", "private"]] }, now, rules), rules); // "private"
 */
export function storingRefusal(
  request: RequestHead,
  response: ReadResponse,
  rules: CacheRules,
): Refusal | null {
  const { status, reader, lifetime } = response;
  const { directives } = response.governing;
  if (!isMethodKept(request, response)) return "method";
  if (unkeyedPart(request) !== null) return "unkeyed";
  // Parts and answers to conditions are not whole (section 3, fourth item); interim responses are no answers.
  if (status < 200 || status === 206 || status === 304) return "status";
  if (forbidsStoring(directives, status) || isUnwanted(request, rules)) return "no-store";
  if (directives.private === "all") return "private";
  if (request.headers.get("authorization") !== null && !allowsAuthorized(directives)) return "authorization";
  if (varyNames(reader) === null) return "vary";
  if (isPersonal(request, response)) return "personal";
  if (reader.get("set-cookie") !== null && !allowsCookies(directives, rules)) return "set-cookie";
  if (Number(reader.get("content-length") ?? 0) > rules.maximumBody) return "too-large";
  return isUseful(response) ? null : lifetime.source === "none" ? "no-lifetime" : "useless";
}

/** RFC 9110 section 9.3.3: a POST whose result is the resource itself answers later GETs. */
function isMethodKept(request: RequestHead, { reader, lifetime }: ReadResponse): boolean {
  if (request.method === "GET") return true;
  const location = reader.get("content-location");
  if (request.method !== "POST" || location === null || lifetime.source !== "explicit") return false;
  return isSameTarget(location, request.url);
}

function isSameTarget(location: string, url: string): boolean {
  const exact = { ignoredQuery: [], sortQuery: false };
  const absolute =
    location.startsWith("/") && !location.startsWith("//") ? originOf(url) + location : location;
  return keyedUrl(absolute, exact) === keyedUrl(url, exact);
}

function originOf(url: string): string {
  return /^[^:/?#]+:\/\/[^/?#]*/.exec(url)?.[0] ?? "";
}

/** Section 5.2.2.3: must-understand goes before no-store where the status is understood, and forbids where it is not. */
function forbidsStoring(directives: ResponseDirectives, status: number): boolean {
  return directives.mustUnderstand ? !understood.has(status) : directives.noStore;
}

/** Section 5.2.1.5. */
function isUnwanted(request: RequestHead, rules: CacheRules): boolean {
  return rules.honourClients && requestDirectives(request.headers.get("cache-control")).noStore;
}

/** Section 3.5. */
function allowsAuthorized({ isPublic, mustRevalidate, sMaxage }: ResponseDirectives): boolean {
  return isPublic || mustRevalidate || sMaxage !== null;
}

/**
 * RFC 9111 leaves it to the origin, and frameworks set the session's cookie on whatever they send, long-lived files
 * too: shared, it logs one user in as another.
 */
function allowsCookies({ isPublic, sMaxage }: ResponseDirectives, { setCookie }: CacheRules): boolean {
  return setCookie === "share" || (setCookie === "strip" && (isPublic || sMaxage !== null));
}

/**
 * What the origin did not mark for keeping is not kept when cookies play a part: it was likely made for
 * one user. RFC 9111 does not ask for it; its section 7.3 leaves it to the origin to say so. An error that the
 * operator wants kept is hardly made for anyone, and most requests of browsers have cookies.
 */
function isPersonal(request: RequestHead, { status, reader, lifetime, governing }: ReadResponse): boolean {
  if (lifetime.source === "explicit" || governing.directives.isPublic) return false;
  if (reader.get("set-cookie") !== null) return true;
  const isKnownError = lifetime.source === "configured" && status >= 400;
  return !isKnownError && request.headers.get("cookie") !== null;
}

/** Whether it could ever answer anything: fresh, stale, or once it is validated. */
function isUseful({ status, reader, lifetime, governing }: ReadResponse): boolean {
  const { noCache, staleWhileRevalidate, staleIfError } = governing.directives;
  const hasValidator = reader.get("etag") !== null || reader.get("last-modified") !== null;
  if (noCache === "all") return hasValidator;
  if (lifetime.duration > 0) return true;
  if (lifetime.source === "none") return status === 200 && hasValidator;
  return hasValidator || (staleWhileRevalidate ?? 0) > 0 || (staleIfError ?? 0) > 0;
}

/**
 * Whether a body that has ended is all of it (RFC 9111 section 3.3): a part must never pass for the whole.
 *
 * @param length bytes that arrived
 */
export function isWhole(fields: FieldList, length: number): boolean {
  const said = fieldValue(fields, "content-length");
  return said === null || Number(said) === length;
}
