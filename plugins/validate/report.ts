import type { Context } from "sluice/sdk";
import type { Finding } from "./finding.ts";

/** Tells the operator what did not fit: places and rules, never values. */
export function report(
  { log, metrics }: Pick<Context, "log" | "metrics">,
  what: "request" | "response",
  mode: "enforce" | "report",
  { title, errors }: Finding,
): void {
  metrics.counter(`${what}s_${mode === "enforce" ? "refused" : "reported"}`);
  const level = what === "request" && mode === "enforce" ? "info" : "warn";
  log[level](`${what} does not fit: ${title}`, { errors });
}
