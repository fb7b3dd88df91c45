import { configFromFlags } from "../../core/config/from-flags.ts";
import type { ClusterConfig, ClusterTimeouts, Config, Timeouts } from "../../core/config/model.ts";
import { listen } from "../../core/net/listener.ts";
import type { Logger } from "../../core/observe/log.ts";
import { Metrics } from "../../core/observe/metrics.ts";
import { Gateway } from "../../core/proxy/gateway.ts";

export interface GatewaySettings {
  readonly timeouts?: Partial<Timeouts>;
  readonly cluster?: Partial<Omit<ClusterConfig, "timeouts">>;
  readonly clusterTimeouts?: Partial<ClusterTimeouts>;
  readonly trustedProxies?: readonly string[];
}

/** A data plane in the process of the test. */
export interface RunningGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly metrics: Metrics;
  /** Loopback port of its listener. */
  readonly port: number;
}

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

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Config of a gateway on a loopback port, in front of endpoints on loopback ports. */
export function gatewayConfig(ports: readonly number[], settings: GatewaySettings = {}): Config {
  const config = configFromFlags({
    upstreams: ports.map((port) => ({
      address: { host: "127.0.0.1", port },
      weight: 1,
      authority: `127.0.0.1:${port}`,
      secure: false,
    })),
    listen: { host: "127.0.0.1", port: 0 },
    admin: null,
    accessLog: false,
  });
  const cluster = config.clusters[0]!;
  return {
    ...config,
    clusters: [
      {
        ...cluster,
        ...settings.cluster,
        timeouts: { ...cluster.timeouts, ...settings.clusterTimeouts },
      },
    ],
    timeouts: { ...config.timeouts, ...settings.timeouts },
    forwarding: { ...config.forwarding, trustedProxies: settings.trustedProxies ?? [] },
  };
}

/**
 * Starts a data plane; disposing of it closes everything at once.
 *
 * @example
 * await using proxy = await startGateway(gatewayConfig([port]));
 * const response = await fetch(`http://127.0.0.1:${proxy.port}/`);
 */
export async function startGateway(config: Config, log: Logger = silent): Promise<RunningGateway> {
  const metrics = new Metrics();
  const gateway = new Gateway({
    config,
    log,
    accessLog: null,
    metrics,
    listen: (listener, onConnection) => listen(listener, onConnection, { log }),
  });
  await gateway.start();
  const { address } = gateway.addresses()[0]!;
  return {
    gateway,
    metrics,
    port: "port" in address ? address.port : 0,
    async [Symbol.asyncDispose]() {
      gateway.close();
    },
  };
}

/** Counts what a gateway holds now. */
export function holdingsOf({ gateway, metrics }: RunningGateway): Holdings {
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
