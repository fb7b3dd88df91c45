import { setTimeout as sleep } from "node:timers/promises";
import type { Metrics } from "../../core/observe/metrics.ts";
import type { Gateway } from "../../core/proxy/gateway.ts";

/** What a gateway still holds; all zero when nothing is in flight and no client is connected. */
export interface Holdings {
  readonly requestsInFlight: number;
  readonly connections: number;
  readonly tunnels: number;
  readonly upstreamConnections: number;
  readonly upstreamIdle: number;
  readonly pending: number;
  readonly endpointRequests: number;
  readonly timers: number;
}

/** Counts what a gateway holds now. */
export function holdingsOf({ gateway, metrics }: { gateway: Gateway; metrics: Metrics }): Holdings {
  const { totals, clusters } = metrics.snapshot();
  const sum = (count: (cluster: (typeof clusters)[number]) => number): number =>
    clusters.reduce((total, cluster) => total + count(cluster), 0);
  const endpoints = [...gateway.generation.clusters.values()].flatMap((cluster) => cluster.endpoints);
  return {
    requestsInFlight: totals.requestsInFlight,
    connections: totals.connections,
    tunnels: totals.tunnels,
    upstreamConnections: sum((cluster) => cluster.connections),
    upstreamIdle: sum((cluster) => cluster.idle),
    pending: sum((cluster) => cluster.pending),
    endpointRequests: endpoints.reduce((total, { inFlight }) => total + inFlight, 0),
    timers: gateway.reactor.timers.size,
  };
}

/** The holdings of a gateway that holds nothing. */
export const nothingHeld: Holdings = {
  requestsInFlight: 0,
  connections: 0,
  tunnels: 0,
  upstreamConnections: 0,
  upstreamIdle: 0,
  pending: 0,
  endpointRequests: 0,
  timers: 0,
};

/**
 * Waits until a gateway holds nothing.
 *
 * @param patience ms
 * @returns what it held at the end: `nothingHeld`, or what was left when patience was over
 */
export async function untilNothingHeld(
  held: { gateway: Gateway; metrics: Metrics },
  patience: number,
): Promise<Holdings> {
  const deadline = performance.now() + patience;
  for (;;) {
    const left = holdingsOf(held);
    if (Object.values(left).every((count) => count === 0) || performance.now() > deadline) return left;
    await sleep(20);
  }
}
