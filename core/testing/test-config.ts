import { defaultRedis } from "../config/defaults.ts";
import { type Endpoint, endpointExpected, parseEndpoint } from "../config/endpoint.ts";
import { configFromFlags } from "../config/from-flags.ts";
import type { ClusterConfig, Config, ListenerConfig } from "../config/model.ts";
import { catchAllRoute, plainCluster } from "../config/overrides.ts";
import { parseRedisUrl, redisUrlExpected } from "../config/redis-url.ts";
import type { RedisConfig, StoreConfig } from "../config/store-model.ts";
import { defaultDiscoveryEvery } from "../config/traffic-defaults.ts";
import type { MemoryNetwork } from "./memory-network.ts";
import type { PluginSet } from "./plugin-set.ts";
import type { TestGatewayOptions, TestUpstream } from "./types.ts";

/** Name of the cluster, and of the route, that every request takes unless a plugin says otherwise. */
const mainName = "upstream";

/** The config of a gateway without plugins; services that are functions join the network. */
export function baseConfig(
  { upstream, clusters, stores }: TestGatewayOptions,
  network: MemoryNetwork,
): Config {
  const config = configFromFlags({ admin: null, accessLog: false });
  const services = { [mainName]: upstream ?? (() => new Response("ok")), ...clusters };
  return {
    ...config,
    listeners: [listener("http", 80), { ...listener("https", 443), tls: noCertificates }],
    clusters: Object.entries(services).map(([name, service]) => cluster(name, service, network)),
    routes: [catchAllRoute(mainName)],
    stores: Object.entries(stores ?? {}).map(([name, url]) => testStore(name, url)),
  };
}

/** The config with other plugins. */
export function withPlugins(config: Config, { policies, finders, config: plugins }: PluginSet): Config {
  const found = finders.map(({ cluster: name, plugin, config }): ClusterConfig => {
    const discovery = { kind: "plugin", plugin, every: defaultDiscoveryEvery, config } as const;
    return { ...plainCluster(name, []), discovery };
  });
  const clusters = [
    ...config.clusters.filter(({ name }) => found.every((other) => other.name !== name)),
    ...found,
  ];
  return { ...config, clusters, plugins, routes: config.routes.map((route) => ({ ...route, policies })) };
}

const noCertificates = { certificates: [], clientCa: null, clientCertificate: "none" } as const;

function listener(name: string, port: number): ListenerConfig {
  return { name, address: { host: "localhost", port }, tls: null, maxConnections: 1000 };
}

function cluster(name: string, service: TestUpstream, network: MemoryNetwork): ClusterConfig {
  return plainCluster(name, [typeof service === "function" ? addService() : realEndpoint(service)]);

  function addService(): Endpoint {
    // RFC 6761 section 6.2: no such name is anybody's.
    const host = `${name}.test`;
    network.addService(host, service as Exclude<TestUpstream, string | URL>);
    return {
      address: { host, port: 80 },
      weight: 1,
      zone: null,
      priority: 0,
      authority: host,
      secure: false,
    };
  }
}

/** A machine under the load of other tests answers late: only tests of the limits have them as they are. */
const patient = { connectTimeout: 10_000, commandTimeout: 10_000 };

/** @param url of a Redis server */
export function testStore(name: string, url: string, redis: Partial<RedisConfig> = {}): StoreConfig {
  const place = parseRedisUrl(url);
  if (place === null) throw new TypeError(`Cannot use the store ${name}: expected ${redisUrlExpected}`);
  const { address, database } = place;
  return {
    name,
    redis: {
      address,
      database,
      username: null,
      password: null,
      tls: null,
      ...defaultRedis,
      ...patient,
      ...redis,
    },
  };
}

function realEndpoint(url: string | URL): Endpoint {
  const endpoint = parseEndpoint(String(url));
  if (endpoint === null) throw new TypeError(`Cannot use the upstream ${url}: expected ${endpointExpected}`);
  return endpoint;
}
