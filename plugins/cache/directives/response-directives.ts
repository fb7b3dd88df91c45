import { type Directives, parseDirectives, scopeOf, secondsOf } from "./directives.ts";

/** What a response says to shared caches. Times are in seconds; null: not said. */
export interface ResponseDirectives {
  readonly isPublic: boolean;
  /** `all`, or the fields that are for one user alone. */
  readonly private: "all" | readonly string[];
  readonly noStore: boolean;
  readonly mustUnderstand: boolean;
  /** `all`, or the fields that may not be used without validation. */
  readonly noCache: "all" | readonly string[];
  readonly mustRevalidate: boolean;
  readonly proxyRevalidate: boolean;
  readonly maxAge: number | null;
  readonly sMaxage: number | null;
  readonly staleWhileRevalidate: number | null;
  readonly staleIfError: number | null;
}

/**
 * Reads Cache-Control of a response (RFC 9111 section 5.2.2, RFC 5861).
 *
 * @example
 * responseDirectives("s-maxage=60, stale-if-error=300").sMaxage; // 60
 */
export function responseDirectives(cacheControl: string | null): ResponseDirectives {
  return meaningOf(parseDirectives(cacheControl));
}

/** What a response means that carries these directives, whatever field they came in. */
export function meaningOf(directives: Directives): ResponseDirectives {
  return {
    isPublic: directives.has("public"),
    private: scopeOf(directives, "private"),
    noStore: directives.has("no-store"),
    mustUnderstand: directives.has("must-understand"),
    noCache: scopeOf(directives, "no-cache"),
    mustRevalidate: directives.has("must-revalidate"),
    proxyRevalidate: directives.has("proxy-revalidate"),
    maxAge: secondsOf(directives, "max-age"),
    sMaxage: secondsOf(directives, "s-maxage"),
    staleWhileRevalidate: secondsOf(directives, "stale-while-revalidate"),
    staleIfError: secondsOf(directives, "stale-if-error"),
  };
}
