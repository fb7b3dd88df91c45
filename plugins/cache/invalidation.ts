import { type RequestHead, type ResponseHead, readerOf } from "./fields.ts";

/** RFC 9110 section 9.2.1 and the methods that IANA's registry has as safe. */
const safe = new Set(["GET", "HEAD", "OPTIONS", "PROPFIND", "QUERY", "REPORT", "SEARCH", "TRACE"]);

/**
 * URLs whose stored responses a successful change makes out of date (RFC 9111 section 4.4): the target, and what
 * Location and Content-Location name at the same origin. An unknown method counts as one that changes.
 *
 * @example
 * invalidatedUrls({ method: "POST", url: "https://a.test/b", headers }, { status: 201, fields: [["location", "/c"]] });
 * // ["https://a.test/b", "https://a.test/c"]
 */
export function invalidatedUrls(request: RequestHead, response: ResponseHead): string[] {
  const { method, url } = request;
  // Only a non-error response says that something changed.
  if (safe.has(method) || response.status < 200 || response.status >= 400) return [];
  const reader = readerOf(response.fields);
  const others = [reader.get("location"), reader.get("content-location")]
    .map((reference) => (reference === null ? null : sameOrigin(reference, url)))
    .filter((other) => other !== null);
  return [...new Set([url, ...others])];
}

/** Another origin's responses are not this one's to throw away (section 4.4). */
function sameOrigin(reference: string, base: string): string | null {
  // What `URL` repairs while it parses can only miss an entry here, or drop one too many of the same origin.
  if (!URL.canParse(reference, base)) return null;
  const { origin, pathname, search } = new URL(reference, base);
  const own = new URL(base);
  if (origin !== own.origin) return null;
  return originText(base) + pathname + search;
}

/** As the request wrote it, so that the result has the key of requests like it. */
function originText(url: string): string {
  return /^[^:/?#]+:\/\/[^/?#]*/.exec(url)?.[0] ?? "";
}
