import { formatAddress } from "../../config/address.ts";
import { maskConfig } from "../../config/mask.ts";
import type { ClusterConfig, Config } from "../../config/model.ts";
import type { PlaneReport } from "../../data/plane.ts";
import { describe } from "../../discovery/describe.ts";
import type { EndpointFacts } from "../../observe/prometheus/endpoints.ts";
import type { LimitFacts } from "../../observe/prometheus/limits.ts";
import type { ClusterReport, EndpointReport } from "../../upstream/cluster-report.ts";

/** What `/clusters` shows: plain JSON. */
export function clustersPage(config: Config, report: PlaneReport | null): object {
  const shown = maskConfig(config).clusters;
  return {
    clusters: config.clusters.map((cluster, number) => {
      const { name, balance } = cluster;
      const { discovery } = shown[number]!;
      const reports = reportsOf(name, report);
      return {
        name,
        balance,
        discovery: discovery === null ? null : describe(discovery),
        limits: limitsOf(cluster, reports[0] ?? null),
        endpoints: reports.length === 0 ? cluster.endpoints.map(unknownEndpoint) : merged(reports),
      };
    }),
  };
}

/** Null: the cluster has no limits of its own, only those of each endpoint and reactor. */
function limitsOf({ maxRequests, maxRetries, concurrency }: ClusterConfig, report: ClusterReport | null) {
  if (maxRequests === null && maxRetries === null && concurrency === null) return null;
  const now = report?.limits ?? null;
  return {
    requests: maxRequests === null ? null : { most: maxRequests, inFlight: now?.requests ?? null },
    retries: maxRetries === null ? null : { most: maxRetries, inFlight: now?.retries ?? null },
    concurrency: concurrency && { ...concurrency, limit: null, inFlight: null, ...now?.concurrency },
  };
}

/** What `/metrics` shows of each cluster with limits; null while nobody knows. */
export function limitFacts(report: PlaneReport | null): LimitFacts[] | null {
  const leader = report?.clusters[0];
  if (leader === undefined) return null;
  return leader.flatMap(({ cluster, limits }) => (limits === null ? [] : [{ cluster, ...limits }]));
}

/** What `/metrics` shows of each endpoint; null while nobody knows. */
export function endpointFacts(report: PlaneReport | null): EndpointFacts[] | null {
  const leader = report?.clusters[0];
  if (leader === undefined) return null;
  return leader.flatMap(({ cluster, endpoints }) =>
    endpoints.map(({ address, health, ejectionsBy, reconnects }) => ({
      cluster,
      endpoint: address,
      isHealthy: health.state === "healthy",
      ejections: ejectionsBy,
      reconnects,
      checks: checkCounts(health.checks),
    })),
  );
}

function checkCounts(checks: EndpointReport["health"]["checks"]): EndpointFacts["checks"] {
  return checks === null ? null : { ok: checks.made - checks.failed, failed: checks.failed };
}

/** One for each reactor, that of the one that checks for all first. */
function reportsOf(cluster: string, report: PlaneReport | null): ClusterReport[] {
  return (report?.clusters ?? []).flatMap((reactor) => reactor.filter((one) => one.cluster === cluster));
}

/** Reactors share what they know of health; each has its own requests and connections. */
function merged([leader, ...others]: readonly ClusterReport[]): object[] {
  const elsewhere = others.map(
    ({ endpoints }) => new Map(endpoints.map((endpoint) => [endpoint.address, endpoint])),
  );
  return leader!.endpoints.map(({ health, ejectionsBy: _, reconnects: __, ...own }) => {
    const all = [own, ...elsewhere.flatMap((endpoints) => endpoints.get(own.address) ?? [])];
    const { address, weight, zone, priority } = own;
    return {
      ...{ address, weight, zone, priority, ...health },
      inFlight: all.reduce((sum, { inFlight }) => sum + inFlight, 0),
      connections: all.reduce((sum, { connections }) => sum + connections, 0),
    };
  });
}

/** There is no data process that answers. */
function unknownEndpoint({ address, weight, zone, priority }: ClusterConfig["endpoints"][number]): object {
  return { address: formatAddress(address), weight, zone, priority, state: "unknown" };
}
