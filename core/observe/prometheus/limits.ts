import { Family } from "../metric-family.ts";

/** What is under way at a cluster with limits, over all reactors. */
export interface LimitFacts {
  readonly cluster: string;
  /** Null: they are not counted. */
  readonly requests: number | null;
  readonly retries: number | null;
  /** Null: it has no adaptive limit. */
  readonly concurrency: { readonly limit: number; readonly inFlight: number } | null;
}

/** Only of what clusters limit: the rest is not counted. */
export function limitFamilies(clusters: readonly LimitFacts[]): Family[] {
  const requests = new Family(
    "sluice_upstream_requests",
    "gauge",
    "Requests in flight at a cluster that limits them, over all reactors.",
  );
  const retries = new Family(
    "sluice_upstream_retries",
    "gauge",
    "Requests in flight that were sent again, at a cluster that limits them.",
  );
  const limit = new Family(
    "sluice_upstream_concurrency_limit",
    "gauge",
    "Requests at once that the adaptive limit of a cluster allows.",
  );
  const concurrency = new Family(
    "sluice_upstream_concurrency",
    "gauge",
    "Requests that take a place in the adaptive limit of a cluster.",
  );
  for (const { cluster, ...facts } of clusters) {
    if (facts.requests !== null) requests.add({ cluster }, facts.requests);
    if (facts.retries !== null) retries.add({ cluster }, facts.retries);
    if (facts.concurrency === null) continue;
    limit.add({ cluster }, facts.concurrency.limit);
    concurrency.add({ cluster }, facts.concurrency.inFlight);
  }
  return [requests, retries, limit, concurrency];
}
