/** How a cluster spreads its requests and what it does when endpoints fail. */
import { delayBounds, timeoutBounds } from "../bounds.ts";
import { cookiePathAt, tokenAt } from "../check-names.ts";
import type { ConfigFile } from "../schema/schema.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";
import {
  defaultFailover,
  defaultHealthCheck,
  defaultOutlier,
  defaultRetryBudget,
  defaultSticky,
  defaultTraffic,
} from "../traffic-defaults.ts";
import type { HashKey, HealthCheckConfig, OutlierConfig, StickyConfig } from "../traffic-model.ts";
import { resolveDiscovery } from "./discovery.ts";
import { resolveDurations } from "./quantities.ts";

type ClusterInFile = NonNullable<ConfigFile["clusters"]>[string];
type HealthInFile = NonNullable<ClusterInFile["health"]>;

/** The settings of a cluster; what is wrong with them is reported to the source. */
export function resolveTraffic(cluster: ClusterInFile, path: Path, source: ConfigSource) {
  const hashKey = resolveHashKey(cluster, path, source);
  const { slowStart } = resolveDurations(cluster, { slowStart: 0 }, () => delayBounds, path, source);
  return {
    discovery: resolveDiscovery(cluster.discovery, [...path, "discovery"], source),
    balance: cluster.balance ?? defaultTraffic.balance,
    hashKey,
    sticky: resolveSticky(cluster.sticky, [...path, "sticky"], source),
    slowStart,
    failover: resolveFailover(cluster, path, source),
    health: resolveHealth(cluster.health, [...path, "health"], source),
    outlier: resolveOutlier(cluster.outlier, [...path, "outlier"], source),
    retryBudget: { ...defaultRetryBudget, ...cluster.retryBudget },
  };
}

function resolveHashKey(cluster: ClusterInFile, path: Path, source: ConfigSource): HashKey | null {
  const { balance, hashOn } = cluster;
  const hashes = balance === "ring-hash" || balance === "maglev";
  if (hashOn === undefined) {
    if (hashes) source.report(path, `expected hashOn beside balance: ${balance}, found none`);
    return null;
  }
  if (!hashes) source.report([...path, "hashOn"], "expected balance: ring-hash or maglev beside hashOn");
  if (typeof hashOn === "string") return { kind: hashOn };
  if ("cookie" in hashOn)
    return { kind: "cookie", name: tokenAt(hashOn.cookie, [...path, "hashOn", "cookie"], source) };
  return {
    kind: "header",
    name: tokenAt(hashOn.header, [...path, "hashOn", "header"], source).toLowerCase(),
  };
}

function resolveSticky(
  sticky: ClusterInFile["sticky"],
  path: Path,
  source: ConfigSource,
): StickyConfig | null {
  if (sticky === undefined) return null;
  const { ttl } = resolveDurations(sticky, { ttl: defaultSticky.ttl }, () => delayBounds, path, source);
  return {
    cookie: tokenAt(sticky.cookie ?? defaultSticky.cookie, [...path, "cookie"], source),
    path: cookiePathAt(sticky.path ?? defaultSticky.path, [...path, "path"], source),
    ttl,
    key: sticky.key ?? defaultSticky.key,
  };
}

function resolveFailover(
  { failover, endpoints = [], discovery }: ClusterInFile,
  path: Path,
  source: ConfigSource,
) {
  const resolved = { ...defaultFailover, ...failover };
  const { zone, enough, panic } = resolved;
  if (panic > enough) {
    source.report(
      [...path, "failover", "panic"],
      `expected panic to be at most enough, found ${panic} and ${enough}`,
    );
  }
  const zones = endpoints.map((endpoint) => (typeof endpoint === "string" ? undefined : endpoint.zone));
  if (zone !== null && discovery === undefined && zones.every((known) => known === undefined)) {
    source.report([...path, "failover", "zone"], "expected endpoints with a zone, found none");
  }
  return resolved;
}

function resolveHealth(
  health: HealthInFile | undefined,
  path: Path,
  source: ConfigSource,
): HealthCheckConfig | null {
  if (health === undefined) return null;
  const { interval, unhealthyInterval, timeout } = defaultHealthCheck;
  return {
    http: resolveHttpCheck(health, path, source),
    ...resolveDurations(health, { interval, unhealthyInterval, timeout }, () => timeoutBounds, path, source),
    jitter: health.jitter ?? defaultHealthCheck.jitter,
    healthyAfter: health.healthyAfter ?? defaultHealthCheck.healthyAfter,
    unhealthyAfter: health.unhealthyAfter ?? defaultHealthCheck.unhealthyAfter,
  };
}

function resolveHttpCheck(health: HealthInFile, path: Path, source: ConfigSource): HealthCheckConfig["http"] {
  if (health.tcp === true) {
    for (const key of ["path", "host", "status", "body"] as const) {
      if (health[key] !== undefined) source.report([...path, key], `expected no ${key} beside tcp: true`);
    }
    return null;
  }
  const asked = health.path ?? defaultHealthCheck.http.path;
  if (!/^\/[\x21-\x7e]*$/.test(asked)) source.expect([...path, "path"], 'a path such as "/healthz"', asked);
  const host = health.host ?? null;
  if (host !== null && !/^[\x21-\x7e]+$/.test(host)) source.expect([...path, "host"], "a host", host);
  const statuses = (health.status ?? ["200-299"]).map((status, index) => {
    const [from, to = from] = String(status).split("-").map(Number) as [number, number?];
    if (from > to)
      source.expect([...path, "status", index], "a range from the lower to the higher status", status);
    return { from, to };
  });
  return { path: asked, host, statuses, body: health.body ?? null };
}

function resolveOutlier(
  outlier: ClusterInFile["outlier"],
  path: Path,
  source: ConfigSource,
): OutlierConfig | null {
  if (outlier === false) return null;
  const { interval, ejection, longestEjection, ...others } = defaultOutlier;
  const durations = resolveDurations(
    outlier,
    { interval, ejection, longestEjection },
    () => timeoutBounds,
    path,
    source,
  );
  if (durations.ejection > durations.longestEjection) {
    const found = `${durations.ejection} and ${durations.longestEjection} ms`;
    source.report([...path, "ejection"], `expected ejection to be at most longestEjection, found ${found}`);
  }
  return { ...others, ...withoutUndefined(outlier), ...durations };
}

function withoutUndefined(outlier: Exclude<ClusterInFile["outlier"], false>) {
  const { interval: _, ejection: __, longestEjection: ___, ...rest } = outlier ?? {};
  return rest;
}
