import { type Directives, parseDirectives, parseSeconds } from "./directives.ts";

/** What a client asks of caches. Times are in seconds; null: not asked. */
export interface RequestDirectives {
  readonly noStore: boolean;
  readonly noCache: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAge: number | null;
  readonly minFresh: number | null;
  /** Infinity: however stale. */
  readonly maxStale: number | null;
  readonly staleIfError: number | null;
}

/** Of a request whose wishes do not count. */
export const noRequestDirectives: RequestDirectives = {
  noStore: false,
  noCache: false,
  onlyIfCached: false,
  maxAge: null,
  minFresh: null,
  maxStale: null,
  staleIfError: null,
};

/**
 * Reads Cache-Control of a request (RFC 9111 section 5.2.1, RFC 5861 section 4). They are wishes: one that
 * cannot be read is none.
 *
 * @example
 * requestDirectives("max-stale").maxStale; // Infinity
 */
export function requestDirectives(cacheControl: string | null): RequestDirectives {
  if (cacheControl === null) return noRequestDirectives;
  const directives = parseDirectives(cacheControl);
  return {
    noStore: directives.has("no-store"),
    noCache: directives.has("no-cache"),
    onlyIfCached: directives.has("only-if-cached"),
    maxAge: firstSeconds(directives, "max-age"),
    minFresh: firstSeconds(directives, "min-fresh"),
    // Section 5.2.1.2: without a value, any age will do.
    maxStale: directives.get("max-stale")?.[0] === null ? Infinity : firstSeconds(directives, "max-stale"),
    staleIfError: firstSeconds(directives, "stale-if-error"),
  };
}

function firstSeconds(directives: Directives, name: string): number | null {
  const argument = directives.get(name)?.[0];
  return typeof argument === "string" ? parseSeconds(argument) : null;
}
