import { availableParallelism } from "node:os";
import { formatAddress } from "./address.ts";
import { maxWorkers } from "./bounds.ts";
import { defaultCluster, defaultClusterTimeouts } from "./defaults.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Address, ClusterConfig, Config, LogConfig } from "./model.ts";
import type { RouteMatch } from "./route-model.ts";
import { defaultPriority, defaultRetry, defaultRouteTimeout, defaultTraffic } from "./traffic-defaults.ts";

/** What the command line and the environment say; what is absent is left to the file or the default. */
export interface Overrides {
  /** Address of the first listener. */
  readonly listen?: Address;
  /** Endpoints of the only cluster. */
  readonly upstreams?: readonly Endpoint[];
  readonly admin?: Address | null;
  /** Folder of plugins. */
  readonly plugins?: string;
  /** Folder for the last good generation of plugins. */
  readonly state?: string;
  readonly workers?: number | "auto";
  readonly accessLog?: boolean;
  readonly pretty?: boolean;
  readonly logLevel?: LogConfig["level"];
}

/** Overrides that contradict the file or each other. */
export class OverrideError extends Error {
  override readonly name = "OverrideError";
}

/** `name` of the cluster and the route that an upstream on the command line makes. */
const implicitName = "upstream";

/**
 * Lays the command line and the environment over a configuration.
 *
 * @throws OverrideError when the upstreams mix `http` and `https`, or it is unclear whose endpoints they are.
 */
export function applyOverrides(config: Config, overrides: Overrides): Config {
  const { upstreams, listen, admin, plugins, state, workers, accessLog, pretty, logLevel } = overrides;
  const upstream = upstreams === undefined ? config : withUpstreams(config, upstreams);
  return {
    ...upstream,
    listeners: listen === undefined ? config.listeners : withFirstAddress(config.listeners, listen),
    admin: admin === undefined ? config.admin : admin,
    workers: workers === undefined ? config.workers : resolveWorkers(workers),
    plugins: {
      ...config.plugins,
      directory: plugins ?? config.plugins.directory,
      state: state ?? config.plugins.state,
    },
    accessLog: { enabled: accessLog ?? config.accessLog.enabled },
    log: { level: logLevel ?? config.log.level, pretty: pretty ?? config.log.pretty },
  };
}

/** Reactors for `workers`: `"auto"` is one for each core that this process may use. */
export function resolveWorkers(workers: number | "auto"): number {
  return workers === "auto" ? Math.min(availableParallelism(), maxWorkers) : workers;
}

/** The settings that a cluster has when nothing is said about it. */
export function plainCluster(name: string, endpoints: readonly Endpoint[]): ClusterConfig {
  const secure = endpoints.some((endpoint) => endpoint.secure);
  return {
    name,
    endpoints: endpoints.map(({ secure: _, ...endpoint }) => endpoint),
    ...defaultCluster,
    ...defaultTraffic,
    tls: secure ? { verify: true, ca: null, serverName: null, cert: null, key: null } : null,
    timeouts: defaultClusterTimeouts,
  };
}

function withFirstAddress(listeners: Config["listeners"], address: Address): Config["listeners"] {
  const [first, ...rest] = listeners;
  const generated = first!.name === formatAddress(first!.address);
  return [{ ...first!, address, name: generated ? formatAddress(address) : first!.name }, ...rest];
}

function withUpstreams(config: Config, upstreams: readonly Endpoint[]): Config {
  const secure = upstreams[0]!.secure;
  if (upstreams.some((endpoint) => endpoint.secure !== secure)) {
    throw new OverrideError("Cannot use --upstream: some endpoints are https and some are not");
  }
  const [cluster, second] = config.clusters;
  if (second !== undefined) {
    const names = config.clusters.map(({ name }) => name).join(", ");
    throw new OverrideError(`Cannot use --upstream: the file has more than one cluster (${names})`);
  }
  if (cluster === undefined) return withCatchAll(config, plainCluster(implicitName, upstreams));
  const { endpoints, tls } = plainCluster(cluster.name, upstreams);
  return { ...config, clusters: [{ ...cluster, endpoints, tls: tls && (cluster.tls ?? tls) }] };
}

/** Beside it stay routes that the proxy answers itself. */
function withCatchAll(config: Config, cluster: ClusterConfig): Config {
  const own = config.routes.filter(({ redirect, respond }) => redirect !== null || respond !== null);
  return { ...config, clusters: [cluster], routes: [...own, catchAllRoute(cluster.name)] };
}

const anyRequest: RouteMatch = {
  host: null,
  path: { kind: "prefix", value: "/" },
  methods: null,
  scheme: null,
  headers: [],
  query: [],
  cookies: [],
};

/** The route that takes every request to one cluster. */
export function catchAllRoute(cluster: string): Config["routes"][number] {
  return {
    name: cluster,
    isNamed: false,
    match: anyRequest,
    cluster,
    split: null,
    redirect: null,
    respond: null,
    rewrite: null,
    timeout: defaultRouteTimeout,
    deadlineHeader: null,
    priority: defaultPriority,
    priorityHeader: null,
    retry: defaultRetry,
    mirror: [],
    fault: null,
    host: "preserve",
    policies: null,
  };
}
