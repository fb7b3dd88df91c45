import { configFromFlags } from "../../core/config/from-flags.ts";
import type { ClusterConfig, ClusterTimeouts, Config, Timeouts } from "../../core/config/model.ts";
import { listen } from "../../core/net/listener.ts";
import type { Logger } from "../../core/observe/log.ts";
import { Metrics } from "../../core/observe/metrics.ts";
import { Gateway } from "../../core/proxy/gateway.ts";

export interface QuietSettings {
  readonly timeouts?: Partial<Timeouts>;
  readonly cluster?: Partial<Omit<ClusterConfig, "timeouts">>;
  readonly clusterTimeouts?: Partial<ClusterTimeouts>;
  readonly trustedProxies?: readonly string[];
  /** Whether failed attempts are retried, as they are by default. Absent: no. */
  readonly retries?: boolean;
}

/** A gateway for long runs, in the process of the test: it keeps no log and no records. */
export interface QuietGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly metrics: Metrics;
  /** Loopback port of its listener. */
  readonly port: number;
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Config of a gateway on a loopback port, in front of endpoints on loopback ports. */
export function quietConfig(ports: readonly number[], settings: QuietSettings = {}): Config {
  const config = configFromFlags({
    upstreams: ports.map((port) => ({
      address: { host: "127.0.0.1", port },
      weight: 1,
      zone: null,
      priority: 0,
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
    routes: config.routes.map((route) => (settings.retries ? route : { ...route, retry: null })),
    timeouts: { ...config.timeouts, ...settings.timeouts },
    forwarding: { ...config.forwarding, trustedProxies: settings.trustedProxies ?? [] },
  };
}

/**
 * Starts a gateway that remembers nothing; disposing of it closes everything at once.
 *
 * @example
 * await using proxy = await startQuietGateway(quietConfig([port]));
 * const response = await fetch(`http://127.0.0.1:${proxy.port}/`);
 */
export async function startQuietGateway(config: Config, log: Logger = silent): Promise<QuietGateway> {
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
