import type { Reactor } from "../net/reactor.ts";
import { createEndpointMemory } from "./health/endpoint-memory.ts";
import { EndpointTable } from "./health/endpoint-table.ts";
import { HealthChecker } from "./health/health-checker.ts";

/** What the clusters of one reactor share, with each other and with those of other reactors. */
export interface UpstreamServices {
  readonly table: EndpointTable;
  /** Null: another reactor checks, compares and lets back in, for all. */
  readonly checker: HealthChecker | null;
}

/**
 * @param memory of `createEndpointMemory`; null: this reactor is alone
 * @param leads whether this reactor checks endpoints for all
 */
export function upstreamServices(
  reactor: Reactor,
  memory: SharedArrayBuffer | null = null,
  leads = true,
): UpstreamServices {
  const table = new EndpointTable(memory ?? createEndpointMemory());
  return { table, checker: leads ? new HealthChecker({ table, reactor, log: reactor.log }) : null };
}
