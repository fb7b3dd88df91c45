import type { CheckOutcome } from "./check-outcome.ts";
import type { EndpointTable } from "./endpoint-table.ts";
import type { CheckReport, EndpointCheck } from "./health-checker.ts";
import { reasonText } from "./reason-text.ts";

/** What checks say, with times as ISO 8601; `took` is in ms. */
export interface CheckHealth extends Omit<CheckReport, "last"> {
  readonly last: { readonly at: string; readonly took: number; readonly outcome: CheckOutcome } | null;
}

/** The health of an endpoint, for the admin API. */
export interface EndpointHealth {
  /** `unhealthy` by checks, `ejected` for its answers; an endpoint that is both is called unhealthy. */
  readonly state: "healthy" | "unhealthy" | "ejected";
  /** ISO 8601: when its health changed last. */
  readonly since: string;
  /** Null while it is healthy. */
  readonly reason: string | null;
  /** ISO 8601; null: it is not ejected. */
  readonly ejectedUntil: string | null;
  /** So far. */
  readonly ejections: number;
  /** Null: it is not checked, or not by this reactor. */
  readonly checks: CheckHealth | null;
}

/**
 * @param check of the reactor that checks; null elsewhere
 * @example
 * describeEndpoint(table, slot, null).state; // "healthy"
 */
export function describeEndpoint(
  table: EndpointTable,
  slot: number,
  check: EndpointCheck | null,
): EndpointHealth {
  const { check: state, ejection, ejections, since } = table.standing(slot);
  const report = check?.report() ?? null;
  return {
    state: state === "unhealthy" ? state : ejection === null ? "healthy" : "ejected",
    since: isoTime(since),
    reason: state === "unhealthy" ? checkReason(report) : ejection === null ? null : reasonText(ejection),
    ejectedUntil: ejection === null ? null : isoTime(ejection.until),
    ejections,
    checks: report === null ? null : describeChecks(report),
  };
}

/** Of an unhealthy endpoint; a reactor that does not check knows no more. */
function checkReason(checks: CheckReport | null): string {
  return checks === null || checks.reason === null ? "health check" : `health check: ${checks.reason}`;
}

function describeChecks({ last, ...report }: CheckReport): CheckHealth {
  return { ...report, last: last === null ? null : { ...last, at: isoTime(last.at) } };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
