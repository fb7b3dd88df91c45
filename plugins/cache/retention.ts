import { fieldValue } from "./fields.ts";
import { currentAge } from "./freshness.ts";
import type { CacheRules } from "./rules.ts";
import type { StoredResponse } from "./stored-response.ts";

/**
 * For how many ms from now the store may still need a response, for its time to live. With a validator that is
 * for ever, since a 304 makes it fresh again: then only lack of room ends it.
 *
 * @param now ms since the epoch
 *
 * @example
 * usefulFor(stored, now, rules); // 90_000 for `max-age=60, stale-if-error=30` that has just been made
 */
export function usefulFor(stored: StoredResponse, now: number, rules: CacheRules): number {
  const hasValidator = ["etag", "last-modified"].some((name) => fieldValue(stored.fields, name) !== null);
  if (hasValidator) return Infinity;
  return Math.max(0, remainingOf(stored, now) + longestWindow(stored, rules));
}

/**
 * ms of freshness that are left, negative when there is none, for Cache-Status.
 *
 * @param now ms since the epoch
 */
export function remainingOf(stored: StoredResponse, now: number): number {
  return stored.lifetime - currentAge(stored, now);
}

function longestWindow({ staleUse }: StoredResponse, rules: CacheRules): number {
  const { forbidden, whileRevalidate, ifError, noCache } = staleUse;
  if (noCache || forbidden === "never") return 0;
  const said = Math.max(whileRevalidate ?? 0, ifError ?? 0);
  if (forbidden === "stated") return said;
  const { staleWhileRevalidate, staleIfError, staleIfUnreachable } = rules;
  return Math.max(
    said,
    staleIfUnreachable,
    whileRevalidate === null ? staleWhileRevalidate : 0,
    ifError === null ? staleIfError : 0,
  );
}
