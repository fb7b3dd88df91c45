import type { EjectionReason } from "./endpoint-table.ts";

/**
 * Why an endpoint is left out, in the words of logs and of the admin API.
 *
 * @example
 * reasonText({ kind: "consecutive_failures", measure: 5 }); // "consecutive_failures 5"
 */
export function reasonText({ kind, measure }: EjectionReason): string {
  if (kind === "success_rate") return `${kind} ${Math.round(measure)} %`;
  if (kind === "latency") return `${kind} ${Math.round(measure)} ms`;
  return `${kind} ${measure}`;
}

/** @param time of the ejection in ms */
export function ejectionText(reason: EjectionReason, time: number): string {
  return `endpoint ejected (${reasonText(reason)}) for ${time / 1000} s`;
}
