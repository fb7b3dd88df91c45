import { writeItem } from "./directives/structured-field.ts";

/** Why a request went on to the origin (RFC 9211 section 2.2). */
export type ForwardReason = "bypass" | "method" | "uri-miss" | "vary-miss" | "request" | "stale";

/** What a cache did with a request (RFC 9211 section 2). */
export interface CacheOutcome {
  /** The stored response was the answer, and the origin was not asked first. */
  readonly hit?: boolean;
  readonly forward?: ForwardReason;
  /** Status that the origin answered with, where the client got another. */
  readonly forwardStatus?: number;
  /** ms of freshness that are left; negative: it is stale. */
  readonly remaining?: number;
  /** What the origin answered was kept. */
  readonly stored?: boolean;
  /** It waited for another request's answer. */
  readonly collapsed?: boolean;
  /** The cache key, for those who debug: it may hold what clients sent. */
  readonly key?: string;
  readonly detail?: string;
}

/**
 * The member of Cache-Status that tells what this cache did. It is appended to those of caches nearer to
 * the origin.
 *
 * @param name of the cache: a token or any text
 *
 * @example
 * cacheStatus("sluice", { hit: true, remaining: 30_000 }); // "sluice; hit; ttl=30"
 */
export function cacheStatus(name: string, outcome: CacheOutcome): string {
  const parts = [writeItem(name, "token")];
  if (outcome.hit) parts.push("hit");
  if (outcome.forward !== undefined) parts.push(`fwd=${outcome.forward}`);
  if (outcome.forwardStatus !== undefined)
    parts.push(`fwd-status=${writeItem(outcome.forwardStatus, "integer")}`);
  if (outcome.remaining !== undefined)
    parts.push(`ttl=${writeItem(Math.floor(outcome.remaining / 1000), "integer")}`);
  if (outcome.stored) parts.push("stored");
  if (outcome.collapsed) parts.push("collapsed");
  if (outcome.key !== undefined) parts.push(`key=${writeItem(outcome.key, "string")}`);
  if (outcome.detail !== undefined) parts.push(`detail=${writeItem(outcome.detail, "token")}`);
  return parts.join("; ");
}
