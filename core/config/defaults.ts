/** Default values, in one place: the schema shows them, the loader applies them. */
import type { ClusterTimeouts, Config, Grants, Limits, PluginLimits, Timeouts } from "./model.ts";

const second = 1000;
const minute = 60 * second;
const KiB = 1024;
const GiB = 1024 * 1024 * KiB;

export const defaultLimits: Limits = {
  startLine: 8 * KiB,
  head: 32 * KiB,
  fields: 100,
  trailers: 8 * KiB,
  chunkExtensions: 256,
  requestBody: GiB,
};

export const defaultTimeouts: Timeouts = {
  head: 10 * second,
  bodyIdle: 30 * second,
  keepAlive: minute,
  writeIdle: minute,
  tunnelIdle: 5 * minute,
  drainDelay: 0,
  drainTimeout: 30 * second,
};

export const defaultClusterTimeouts: ClusterTimeouts = {
  connect: 5 * second,
  pending: 5 * second,
  responseHead: minute,
  responseIdle: minute,
  poolIdle: 4 * second,
};

export const defaultCluster = {
  reuse: "always",
  maxConnections: 1024,
  maxPending: 1024,
  maxIdle: 256,
} as const;

export const defaultListener = {
  address: "127.0.0.1:8080",
  maxConnections: 16_384,
} as const;

export const defaultAdminAddress = "127.0.0.1:9901";

export const defaultForwarding = {
  trustedProxies: [],
  forwarded: false,
  upgrades: ["websocket"],
} as const;

export const defaultLog = { level: "info", pretty: false } as const;

export const defaultAccessLog = { enabled: true } as const;

export const defaultWorkers = 1;

export const defaultRedis = { keyPrefix: "sluice:", connectTimeout: second, commandTimeout: 100 } as const;

export const defaultPluginLimits: PluginLimits = {
  cpu: 50,
  wall: 5000,
  memory: 32 * 1024 * 1024,
  body: 1024 * 1024,
  fetches: 10,
  logLines: 100,
};

/**
 * What a file in the folder of plugins may take without a word of the operator. An entry holds up everybody who is
 * served by the same thread, so CPU time is twice the default and no more; memory is counted for each thread.
 */
export const defaultMaxPluginLimits: PluginLimits = {
  cpu: 100,
  wall: 30 * second,
  memory: 128 * 1024 * KiB,
  body: 16 * 1024 * KiB,
  fetches: 100,
  logLines: 1000,
};

export const defaultPlugins: Config["plugins"] = {
  directory: null,
  state: null,
  grantDeclared: false,
  maxLimits: defaultMaxPluginLimits,
  settings: {},
};

export const defaultCacheStore: Config["cache"] = { memory: 64 * 1024 * KiB, disk: null, redis: null };

export const defaultCacheDisk = { size: GiB, files: 50_000 } as const;

/** Bytes, and ms: a day. */
export const defaultCacheRedis = { maxBody: 1024 * KiB, keep: 24 * 60 * 60 * 1000 } as const;

export const noGrants: Grants = {
  fetch: [],
  kv: false,
  cache: false,
  identity: false,
  env: [],
  endpoints: [],
};
