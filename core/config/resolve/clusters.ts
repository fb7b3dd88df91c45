import { formatAddress, isHostName } from "../address.ts";
import { timeoutBounds } from "../bounds.ts";
import { defaultCluster, defaultClusterTimeouts } from "../defaults.ts";
import { type Endpoint, endpointExpected, parseEndpoint } from "../endpoint.ts";
import type { ClusterConfig, ClusterTls } from "../model.ts";
import { isName, nameExpected } from "../names.ts";
import type { ConfigFile } from "../schema/schema.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";
import { resolveFile } from "./file.ts";
import { resolveClusterLimits } from "./limits.ts";
import { resolveDurations } from "./quantities.ts";
import { resolveTraffic } from "./traffic.ts";

type ClusterInFile = NonNullable<ConfigFile["clusters"]>[string];
type TlsInFile = NonNullable<ClusterInFile["tls"]>;

/** The clusters of the file; what is wrong with them is reported to the source. */
export function resolveClusters(clusters: ConfigFile["clusters"], source: ConfigSource): ClusterConfig[] {
  return Object.entries(clusters ?? {}).map(([name, cluster]) => {
    const path = ["clusters", name];
    if (!isName(name)) source.reportKey(path, `expected ${nameExpected}, found ${JSON.stringify(name)}`);
    return resolveCluster(name, cluster, path, source);
  });
}

function resolveCluster(
  name: string,
  cluster: ClusterInFile,
  path: Path,
  source: ConfigSource,
): ClusterConfig {
  const endpoints = resolveEndpoints(cluster, [...path, "endpoints"], source);
  const maxConnections = cluster.maxConnections ?? defaultCluster.maxConnections;
  const { connect, pending, responseHead, responseIdle, poolIdle } = defaultClusterTimeouts;
  const durations = { connect, pending, responseHead, responseIdle, poolIdle };
  return {
    name,
    endpoints: endpoints.map(({ secure: _, ...endpoint }) => endpoint),
    ...resolveTraffic(cluster, path, source),
    ...resolveClusterLimits(cluster, path, source),
    reuse: cluster.reuse ?? defaultCluster.reuse,
    tls: resolveTls(cluster, endpoints, path, source),
    maxConnections,
    maxPending: cluster.maxPending ?? defaultCluster.maxPending,
    maxIdle: Math.min(cluster.maxIdle ?? defaultCluster.maxIdle, maxConnections),
    timeouts: resolveDurations(
      cluster.timeouts,
      durations,
      () => timeoutBounds,
      [...path, "timeouts"],
      source,
    ),
  };
}

function resolveEndpoints(
  { endpoints, discovery }: ClusterInFile,
  path: Path,
  source: ConfigSource,
): Endpoint[] {
  if (endpoints === undefined && discovery === undefined && !source.isFaulty(path.slice(0, -1))) {
    source.report(path.slice(0, -1), "expected endpoints or discovery, found neither");
  } else if (endpoints !== undefined && discovery !== undefined) {
    source.report(path, "expected endpoints or discovery, found both");
  }
  const resolved: Endpoint[] = [];
  const known = new Set<string>();
  endpoints?.forEach((written, index) => {
    const plain = typeof written === "string";
    const url = plain ? written : written.url;
    const { weight = 1, zone = null, priority = 0 } = plain ? {} : written;
    const endpoint = parseEndpoint(url, { weight, zone, priority });
    if (endpoint === null)
      source.expect(plain ? [...path, index] : [...path, index, "url"], endpointExpected, url);
    else if (known.has(formatAddress(endpoint.address)))
      source.report([...path, index], `expected each endpoint once, found ${url} again`);
    else resolved.push(endpoint);
    if (endpoint !== null) known.add(formatAddress(endpoint.address));
  });
  return resolved;
}

/** https endpoints imply TLS, and `tls` on its own makes it of Unix sockets; one cluster never mixes. */
function resolveTls(
  { tls }: ClusterInFile,
  endpoints: readonly Endpoint[],
  path: Path,
  source: ConfigSource,
): ClusterTls | null {
  const secure = endpoints.filter((endpoint) => endpoint.secure).length;
  const plain = endpoints.filter((endpoint) => !endpoint.secure && "host" in endpoint.address).length;
  if (secure > 0 && secure < endpoints.length) {
    source.report([...path, "endpoints"], "expected all endpoints with https or none, found both");
  } else if (tls !== undefined && plain > 0) {
    source.report([...path, "tls"], "expected tls only beside https endpoints, found http endpoints");
  }
  return secure > 0 || tls !== undefined ? resolveTlsOptions(tls ?? {}, [...path, "tls"], source) : null;
}

/** Files of TLS towards a server, seen from the config's folder. */
export function resolveTlsOptions(tls: TlsInFile, path: Path, source: ConfigSource): ClusterTls {
  const file = (key: "ca" | "cert" | "key") => {
    const name = tls[key];
    return name === undefined ? null : resolveFile(name, [...path, key], source);
  };
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    source.report(
      path,
      `expected cert and key together, found only ${tls.cert === undefined ? "key" : "cert"}`,
    );
  }
  if (tls.serverName !== undefined && !isHostName(tls.serverName)) {
    source.expect([...path, "serverName"], "a server name such as api.example.com", tls.serverName);
  }
  return {
    verify: tls.verify ?? true,
    ca: file("ca"),
    serverName: tls.serverName ?? null,
    cert: file("cert"),
    key: file("key"),
  };
}
