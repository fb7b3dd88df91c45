/** A data plane inside the caller's own process, for tests and for embedding. */
import { addressExpected, formatAddress, parseAddress } from "./config/address.ts";
import { usesPlugins } from "./config/built-in-plugins.ts";
import { endpointExpected, parseEndpoint } from "./config/endpoint.ts";
import { routesWithFaults } from "./config/fault-text.ts";
import { configFromFlags } from "./config/from-flags.ts";
import type { Address, Config } from "./config/model.ts";
import type { Overrides } from "./config/overrides.ts";
import type { Discoveries } from "./control/discovery/discoveries.ts";
import { listen } from "./net/listener.ts";
import { type AccessLog, createAccessLog } from "./observe/access-log.ts";
import type { Logger } from "./observe/log.ts";
import { createLogger } from "./observe/logger.ts";
import { Metrics, type MetricsSnapshot } from "./observe/metrics.ts";
import { Gateway, type GatewayOptions } from "./proxy/gateway.ts";

export { type ErrorCode, type ErrorSource, ProxyError, type RetrySafety } from "./errors.ts";
export type { AccessLog, AccessRecord } from "./observe/access-log.ts";
export type { Logger } from "./observe/log.ts";
export type { MetricsSnapshot } from "./observe/metrics.ts";

/** Time for discovery to find the first endpoints before the proxy is there, in ms. */
const firstEndpoints = 1000;

export interface ProxyOptions {
  /** URL of the service, or several that answer the same: `http://127.0.0.1:3000`. */
  readonly upstream?: string | readonly string[];
  /** A `sluice.yaml`; what else is given here beats it. */
  readonly config?: string;
  /** Address of the first listener; port 0 lets the system choose. Default `127.0.0.1:8080`. */
  readonly listen?: string;
  /** Default: warnings and errors to standard output as JSON lines. */
  readonly log?: Logger;
  /** Default: none. */
  readonly accessLog?: AccessLog | boolean;
}

export interface Proxy {
  /** URL of the first listener; `unix:` and a path for a Unix socket. */
  readonly url: string;
  /** Addresses of the listeners, in the order of the config. */
  readonly addresses: readonly { readonly name: string; readonly address: Address }[];
  /** The counters so far. */
  metrics(): MetricsSnapshot;
  /** Stops accepting, finishes what is in flight and what policies have begun within `drainTimeout`, then closes. */
  drain(): Promise<void>;
  /**
   * Closes everything at once. Resolves when the policies have done what they have begun, their `onLog` and what
   * `ctx.waitUntil` was given, or 250 ms are over.
   */
  close(): Promise<void>;
}

/**
 * Starts a proxy in this process. There is no admin listener and no supervisor, and nothing is reloaded. Policies of
 * the config run in this process as well: on Node start it with `--no-node-snapshot`, as isolated-vm asks, unless
 * all of them are built in, `trusted` or on `quickjs`.
 *
 * @throws TypeError when an address or a URL is malformed
 * @throws ConfigError when the config file is invalid
 * @throws PluginError or PluginLoadError when a policy cannot be used
 * @throws ListenError when an address cannot be bound
 * @example
 * const proxy = await createProxy({ upstream: "http://127.0.0.1:3000", listen: "127.0.0.1:0" });
 * const response = await fetch(proxy.url);
 * await proxy.close();
 */
export async function createProxy(options: ProxyOptions): Promise<Proxy> {
  const config = await readConfig(options);
  const metrics = new Metrics();
  const log = options.log ?? createLogger({ level: "warn", pretty: false }, {});
  const gateway = new Gateway({
    config,
    log,
    accessLog: accessLogOf(options, config),
    metrics,
    ...(await policyParts(config, metrics, log)),
    listen: (listener, onConnection) => listen(listener, onConnection, { log }),
  });
  await gateway.start();
  const discoveries = await followDiscovery(config, gateway, log);
  for (const fields of routesWithFaults(config)) log.warn(fields, "A route injects faults");
  const addresses = gateway.addresses();
  return {
    url: urlOf(addresses[0]!.address, config),
    addresses,
    metrics: () => metrics.snapshot(),
    drain() {
      discoveries?.close();
      return gateway.drain();
    },
    close() {
      discoveries?.close();
      return gateway.close();
    },
  };
}

/** Policies run in this process too: what runs in it can end it. */
async function policyParts(
  config: Config,
  metrics: Metrics,
  log: Logger,
): Promise<Pick<GatewayOptions, "bundle" | "policyServices">> {
  // A program without policies loads no compiler.
  if (!usesPlugins(config)) return {};
  const [{ policyBundleFor }, { engineFor }, { sharedServices }, { remoteStores }] = await Promise.all([
    import("./reload/policy-bundle.ts"),
    import("./sandbox/engines.ts"),
    import("./data/shared-services.ts"),
    import("./data/open-store.ts"),
  ]);
  const bundle = await policyBundleFor(config);
  const shared = sharedServices(
    metrics.plugins,
    null,
    remoteStores(metrics.stores, () => log),
  );
  return { bundle, policyServices: { engine: engineFor, shared } };
}

/** Null: the endpoints of all clusters are in the config. */
async function followDiscovery(config: Config, gateway: Gateway, log: Logger): Promise<Discoveries | null> {
  if (config.clusters.every(({ discovery }) => discovery === null)) return null;
  const { Discoveries } = await import("./control/discovery/discoveries.ts");
  const discoveries = new Discoveries({
    log,
    ask: (cluster) => gateway.discover(cluster),
    onChange: ({ cluster, endpoints }) => gateway.setEndpoints(cluster, endpoints),
  });
  discoveries.onGeneration(config);
  await discoveries.settle(firstEndpoints);
  return discoveries;
}

async function readConfig(options: ProxyOptions): Promise<Config> {
  const overrides = overridesOf(options);
  if (options.config === undefined) return configFromFlags(overrides);
  const { loadConfigFile } = await import("./config/load.ts");
  return loadConfigFile(options.config, { env: process.env, overrides });
}

function overridesOf({ upstream, listen: address, accessLog }: ProxyOptions): Overrides {
  return {
    ...(upstream !== undefined && { upstreams: [upstream].flat().map(readEndpoint) }),
    ...(address !== undefined && { listen: readAddress(address) }),
    accessLog: accessLog !== undefined && accessLog !== false,
  };
}

function readEndpoint(url: string): NonNullable<ReturnType<typeof parseEndpoint>> {
  const endpoint = parseEndpoint(url);
  if (endpoint === null)
    throw new TypeError(`Cannot use upstream ${JSON.stringify(url)}: expected ${endpointExpected}`);
  return endpoint;
}

function readAddress(text: string): Address {
  const address = parseAddress(text);
  if (address === null)
    throw new TypeError(`Cannot listen on ${JSON.stringify(text)}: expected ${addressExpected}`);
  return address;
}

function accessLogOf({ accessLog }: ProxyOptions, config: Config): AccessLog | null {
  if (typeof accessLog === "object") return accessLog;
  return accessLog === true ? createAccessLog(config.log) : null;
}

function urlOf(address: Address, config: Config): string {
  const scheme = config.listeners[0]!.tls === null ? "http" : "https";
  return "path" in address ? formatAddress(address) : `${scheme}://${formatAddress(address)}`;
}
