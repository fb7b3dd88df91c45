import type { ExchangeTimes } from "./age.ts";
import type { Governing } from "./directives/targeted-directives.ts";
import { type FieldList, fieldValue, splitList } from "./fields.ts";
import { type Aged, agedOf, currentAge } from "./freshness.ts";
import { formatHttpDate } from "./http-date.ts";
import type { ReadResponse } from "./read-response.ts";
import type { CacheRules } from "./rules.ts";

/**
 * The head of a response as the store keeps it: plain JSON, with everything that is decided when it
 * arrives, so that a hit is arithmetic.
 */
export interface StoredResponse extends Aged {
  readonly status: number;
  readonly fields: FieldList;
  /** ms, counted from when the origin made it. */
  readonly lifetime: number;
  readonly staleUse: StaleUse;
}

/** What may be done with a response that is not fresh. Times in ms beyond its lifetime; null: not said. */
export interface StaleUse {
  /** It is never used without validation, fresh or not (RFC 9111 section 5.2.2.4). */
  readonly noCache: boolean;
  /** `never`: must-revalidate or proxy-revalidate. `stated`: s-maxage, which only forbids what was not allowed beside it. */
  readonly forbidden: "no" | "stated" | "never";
  readonly whileRevalidate: number | null;
  readonly ifError: number | null;
}

/**
 * What is kept of a response (RFC 9111 section 3.1).
 *
 * @param times when its request went out and when its head arrived
 */
export function storedResponse(
  response: ReadResponse,
  times: ExchangeTimes,
  { setCookie }: CacheRules,
): StoredResponse {
  const { status, fields, reader, governing, lifetime } = response;
  const kept = keptFields(fields, governing).filter(
    ([name]) => setCookie === "share" || name !== "set-cookie",
  );
  return {
    status,
    // RFC 9110 section 6.6.1: who keeps a response without Date says when it came.
    fields: reader.get("date") === null ? [...kept, ["date", formatHttpDate(times.responded)]] : kept,
    ...agedOf(reader, times),
    lifetime: lifetime.duration,
    staleUse: staleUseOf(governing),
  };
}

/** Section 3.1: for one hop only. Content-Length goes with the body that is kept. */
const unkept = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Without what belongs to one connection, or to one user (5.2.2.7), or needs validation each time (5.2.2.4). */
function keptFields(fields: FieldList, { directives }: Governing): FieldList {
  const dropped = new Set(
    splitList(fieldValue(fields, "connection") ?? "").map((name) => name.toLowerCase()),
  );
  for (const scope of [directives.noCache, directives.private]) {
    if (scope !== "all") for (const name of scope) dropped.add(name);
  }
  return fields.filter(([name]) => !unkept.has(name) && !dropped.has(name));
}

function staleUseOf({ directives }: Governing): StaleUse {
  const { mustRevalidate, proxyRevalidate, noCache, sMaxage } = directives;
  return {
    noCache: noCache === "all",
    // Section 5.2.2.10: s-maxage has the meaning of proxy-revalidate. Sites that write s-maxage beside
    // stale-while-revalidate mean both, so what is said outright goes before what is implied.
    forbidden: mustRevalidate || proxyRevalidate ? "never" : sMaxage === null ? "no" : "stated",
    whileRevalidate: milliseconds(directives.staleWhileRevalidate),
    ifError: milliseconds(directives.staleIfError),
  };
}

function milliseconds(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000;
}

/**
 * A response that an operator made stale at a moment: from then on it is used as one whose lifetime has ended.
 *
 * @param moment ms since the epoch
 */
export function endedAt(stored: StoredResponse, moment: number): StoredResponse {
  const lifetime = Math.min(stored.lifetime, Math.max(0, currentAge(stored, moment)));
  return { ...stored, lifetime };
}

/** Whether one was made from the other by confirming it, so that the body of one is that of the other (RFC 9110 section 8.8). */
export function isSameBody(one: StoredResponse, other: StoredResponse): boolean {
  return ["etag", "last-modified"].every(
    (name) => fieldValue(one.fields, name) === fieldValue(other.fields, name),
  );
}
