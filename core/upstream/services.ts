import type { Reactor } from "../net/reactor.ts";
import { ClusterTable, createClusterMemory } from "./cluster-memory.ts";
import { createEndpointMemory } from "./health/endpoint-memory.ts";
import { EndpointTable } from "./health/endpoint-table.ts";
import { HealthChecker } from "./health/health-checker.ts";

/** What the clusters of one reactor share, with each other and with those of other reactors. */
export interface UpstreamServices {
  readonly table: EndpointTable;
  /** What is counted for each cluster. */
  readonly counts: ClusterTable;
  /** Null: another reactor checks, compares and lets back in, for all. */
  readonly checker: HealthChecker | null;
}

/** What reactors share, to be given to each. */
export interface UpstreamMemory {
  /** Of `createEndpointMemory`. */
  readonly endpoints: SharedArrayBuffer;
  /** Of `createClusterMemory`. */
  readonly clusters: SharedArrayBuffer;
}

export function createUpstreamMemory(): UpstreamMemory {
  return { endpoints: createEndpointMemory(), clusters: createClusterMemory() };
}

/**
 * @param memory null: this reactor is alone
 * @param leads whether this reactor checks endpoints for all
 */
export function upstreamServices(
  reactor: Reactor,
  memory: UpstreamMemory | null = null,
  leads = true,
): UpstreamServices {
  const { endpoints, clusters } = memory ?? createUpstreamMemory();
  const table = new EndpointTable(endpoints);
  const counts = new ClusterTable(clusters);
  return { table, counts, checker: leads ? new HealthChecker({ table, reactor, log: reactor.log }) : null };
}
