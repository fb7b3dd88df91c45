import type { CallResult } from "./circuit.ts";
import type { BreakerConfig } from "./config.ts";

type Rules = Pick<BreakerConfig, "failures" | "slowTime">;

/** What the proxy says when it refused a call by a limit of its own: the service was not asked. */
const ownLimits: readonly string[] = ["requests_exhausted", "pending_overflow", "pending_timeout"];

/**
 * What an answer says of the service.
 *
 * @param error why the proxy answers in its place; null: it does not
 * @param took in ms
 * @returns null: nothing
 * @example
 * resultOf(config, 503, null, 20); // { failed: true, slow: false }
 */
export function resultOf(
  rules: Rules,
  status: number,
  error: string | null,
  took: number,
): CallResult | null {
  if (error !== null && ownLimits.includes(error)) return null;
  return { failed: error !== null || rules.failures.includes(status), slow: isSlow(rules, took) };
}

/**
 * What it says that there was no answer.
 *
 * @param error of the log record
 */
export function resultWithout(rules: Rules, error: string | null, took: number): CallResult | null {
  // A client that has gone says only that it waited so long.
  const isOurs = error === null || /^(?:client|plugin|body)_/.test(error) || ownLimits.includes(error);
  if (isOurs) return isSlow(rules, took) ? { failed: false, slow: true } : null;
  return { failed: true, slow: isSlow(rules, took) };
}

/** @param took in ms */
export function isSlow({ slowTime }: Pick<Rules, "slowTime">, took: number): boolean {
  return slowTime > 0 && took >= slowTime * 1000;
}
