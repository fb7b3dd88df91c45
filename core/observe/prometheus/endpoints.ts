import { maxNames } from "../counter-table.ts";
import { Family } from "../metric-family.ts";

/** What all reactors together know of one endpoint. */
export interface EndpointFacts {
  readonly cluster: string;
  /** Its address. */
  readonly endpoint: string;
  /** Whether requests may go to it: no check failed it, and it is not ejected. */
  readonly isHealthy: boolean;
  /** Ejections by reason. */
  readonly ejections: Readonly<Record<string, number>>;
  /** Ejections that ended because somebody accepted connections again. */
  readonly reconnects: number;
  /** Null: it is not checked. */
  readonly checks: { readonly ok: number; readonly failed: number } | null;
}

/**
 * The health of endpoints. Only those that a cluster has now are shown, and of them at most `maxNames`: discovery may
 * find thousands, and new ones every day.
 */
export function endpointFamilies(endpoints: readonly EndpointFacts[]): Family[] {
  const healthy = new Family(
    "sluice_endpoint_healthy",
    "gauge",
    "1 while checks and answers allow that requests go to the endpoint.",
  );
  const ejections = new Family(
    "sluice_endpoint_ejections_total",
    "counter",
    "How often the endpoint was left out for its answers, by reason.",
  );
  const reconnects = new Family(
    "sluice_endpoint_reconnects_total",
    "counter",
    "Ejections that ended early because the endpoint accepted connections again.",
  );
  const checks = new Family("sluice_health_checks_total", "counter", "Active checks, by result.");
  for (const { cluster, endpoint, isHealthy, ...counts } of endpoints.slice(0, maxNames)) {
    healthy.add({ cluster, endpoint }, isHealthy ? 1 : 0);
    for (const [reason, count] of Object.entries(counts.ejections)) {
      ejections.add({ cluster, endpoint, reason }, count);
    }
    reconnects.add({ cluster, endpoint }, counts.reconnects);
    if (counts.checks === null) continue;
    checks.add({ cluster, endpoint, result: "ok" }, counts.checks.ok);
    checks.add({ cluster, endpoint, result: "failed" }, counts.checks.failed);
  }
  return [healthy, ejections, reconnects, checks];
}
