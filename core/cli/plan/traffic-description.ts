import { formatAddress } from "../../config/address.ts";
import type { ClusterConfig, RouteConfig } from "../../config/model.ts";
import { describe } from "../../discovery/describe.ts";
import type { LimitDescription } from "./overload-text.ts";

/** Where the requests of a route go, and what happens when that fails; plain JSON. */
export interface TrafficDescription
  extends Pick<ClusterConfig, "balance" | "hashKey" | "sticky" | "retryBudget" | "health" | "outlier">,
    LimitDescription,
    Pick<RouteConfig, "timeout" | "deadlineHeader" | "retry" | "mirror" | "fault"> {
  readonly endpoints: readonly PlannedEndpoint[];
  /** Where endpoints come from, in words; null: from the config. */
  readonly discovery: string | null;
  readonly timeouts: Pick<ClusterConfig["timeouts"], "connect" | "responseHead">;
}

export interface PlannedEndpoint {
  readonly address: string;
  readonly weight: number;
  readonly zone: string | null;
  readonly priority: number;
}

export function describeTraffic(
  { timeout, deadlineHeader, retry, mirror, fault }: RouteConfig,
  cluster: ClusterConfig,
): TrafficDescription {
  const { balance, hashKey, sticky, endpoints, discovery, retryBudget, health, outlier } = cluster;
  const { maxRequests, maxRetries, concurrency } = cluster;
  const { connect, responseHead } = cluster.timeouts;
  return {
    ...{ balance, hashKey, sticky, maxRequests, maxRetries, concurrency },
    endpoints: endpoints.map(({ address, weight, zone, priority }) => {
      return { address: formatAddress(address), weight, zone, priority };
    }),
    discovery: discovery === null ? null : describe(discovery),
    ...{
      timeout,
      deadlineHeader,
      timeouts: { connect, responseHead },
      retry,
      retryBudget,
      health,
      outlier,
      mirror,
      fault,
    },
  };
}
