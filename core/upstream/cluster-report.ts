/** What one reactor tells of its clusters; plain JSON, so it crosses process and thread boundaries as it is. */
import type { Cluster } from "./cluster.ts";
import type { Endpoint } from "./endpoint.ts";
import { describeEndpoint, type EndpointHealth } from "./health/describe.ts";
import { ejectionKinds } from "./health/endpoint-table.ts";
import type { EndpointCheck } from "./health/health-checker.ts";
import type { UpstreamServices } from "./services.ts";

export interface ClusterReport {
  readonly cluster: string;
  readonly endpoints: readonly EndpointReport[];
  /** What is under way, over all reactors; null: the cluster has no limits. */
  readonly limits: LimitReport | null;
}

export interface LimitReport {
  /** In flight; null: they are not limited, and so not counted. */
  readonly requests: number | null;
  /** Requests in flight that were sent again; null likewise. */
  readonly retries: number | null;
  /** Null: there is no adaptive limit. */
  readonly concurrency: { readonly limit: number; readonly inFlight: number } | null;
}

/** Health is the same in all reactors, checks are those of the one that makes them; the rest is each one's own. */
export interface EndpointReport {
  readonly address: string;
  readonly weight: number;
  readonly zone: string | null;
  readonly priority: number;
  readonly health: EndpointHealth;
  /** Ejections so far, by reason. */
  readonly ejectionsBy: Readonly<Record<string, number>>;
  /** Of them, those that ended because somebody accepted connections again. */
  readonly reconnects: number;
  /** Requests sent and not finished. */
  readonly inFlight: number;
  /** Open ones, idle ones included. */
  readonly connections: number;
}

/** @param clusters those in force */
export function reportClusters(clusters: Iterable<Cluster>, services: UpstreamServices): ClusterReport[] {
  const checks = services.checker?.checksBySlot() ?? new Map<number, EndpointCheck>();
  return [...clusters].map((cluster) => ({
    cluster: cluster.name,
    endpoints: cluster.endpoints.map((endpoint) =>
      reportEndpoint(endpoint, services, checks.get(endpoint.slot) ?? null),
    ),
    limits: cluster.admission?.report() ?? null,
  }));
}

function reportEndpoint(
  { name, config, slot, inFlight, pool }: Endpoint,
  { table }: UpstreamServices,
  check: EndpointCheck | null,
): EndpointReport {
  return {
    address: name,
    weight: config.weight,
    zone: config.zone,
    priority: config.priority,
    health: describeEndpoint(table, slot, check),
    ejectionsBy: Object.fromEntries(ejectionKinds.map((kind) => [kind, table.ejectionsFor(slot, kind)])),
    reconnects: table.reconnects(slot),
    inFlight,
    connections: pool.size,
  };
}
