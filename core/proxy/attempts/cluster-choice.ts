/** The cluster that the requests of a route go to: the route's own, or the one that its split assigns. */
import { randomBytes } from "node:crypto";
import type { SplitConfig } from "../../config/route-model.ts";
import { ProxyError } from "../../errors.ts";
import type { Cluster } from "../../upstream/cluster.ts";
import { Split } from "../../upstream/split.ts";
import { readCookie } from "../../wire/cookie.ts";
import { fieldKind, Kind } from "../../wire/field-kind.ts";
import { fieldValue } from "../../wire/head.ts";
import { clientAddress, clientScheme } from "../client/facts.ts";
import type { Exchange } from "../exchange.ts";
import type { Route } from "../generation.ts";

/** Bytes of a key that a client is given. */
const keyBytes = 12;

/** A split of the config, ready to be asked. */
export interface RouteSplit {
  readonly config: SplitConfig;
  readonly shares: Split<Cluster>;
}

/** What was chosen for an exchange, once: its retries stay there. */
export interface ClusterChoice {
  readonly route: Route;
  readonly cluster: Cluster;
  /** Key that the client is to be given; null: it has one, or needs none. */
  readonly newKey: string | null;
}

export function routeSplit(config: SplitConfig, clusters: ReadonlyMap<string, Cluster>): RouteSplit {
  return { config, shares: new Split(config.clusters, config.seed, (name) => clusters.get(name)!) };
}

/** @throws ProxyError plugin_failed where the proxy itself answers, and a policy sends the request on to no cluster */
export function clusterFor(exchange: Exchange): Cluster {
  const route = exchange.route!;
  if (route.split !== null) return choiceFor(exchange, route, route.split).cluster;
  if (route.cluster !== null) return route.cluster;
  const message = `Route ${route.config.name} has no cluster, and policies named none`;
  throw new ProxyError("plugin_failed", message, { source: "plugin" });
}

/** The line that leads the client back to the cluster that it was assigned to; empty: it has a key. */
export function splitLine(exchange: Exchange): string {
  const { choice } = exchange;
  if (choice === null || choice.newKey === null) return "";
  const { by } = choice.route.config.split!;
  if (by.kind !== "cookie") return "";
  // RFC 6265 section 5.2.2: without Max-Age the cookie ends with the browser's session.
  const age = by.ttl === 0 ? "" : `; Max-Age=${Math.ceil(by.ttl / 1000)}`;
  const isSecure = clientScheme(exchange.head, exchange.client.side) === "https";
  const secure = isSecure ? "; Secure" : "";
  return `Set-Cookie: ${by.name}=${choice.newKey}; Path=${by.path}${age}; HttpOnly; SameSite=Lax${secure}\r\n`;
}

function choiceFor(exchange: Exchange, route: Route, { config, shares }: RouteSplit): ClusterChoice {
  const known = exchange.choice;
  if (known !== null && known.route === route) return known;
  const key = keyOf(exchange, config);
  const choice =
    key === null ? withoutKey(route, config, shares) : { route, cluster: shares.forKey(key), newKey: null };
  exchange.choice = choice;
  return choice;
}

/** A client that keeps cookies comes back with the key that it is given now. */
function withoutKey(route: Route, { by }: SplitConfig, shares: Split<Cluster>): ClusterChoice {
  if (by.kind !== "cookie") return { route, cluster: shares.atRandom(Math.random()), newKey: null };
  const newKey = randomBytes(keyBytes).toString("base64url");
  return { route, cluster: shares.forKey(newKey), newKey };
}

/** Whoever chooses a key chooses among the clusters of the split and no others. Null: the request has none. */
function keyOf(exchange: Exchange, { by }: SplitConfig): string | null {
  switch (by.kind) {
    case "random":
      return null;
    case "client-address":
      return addressOf(exchange);
    case "header":
      return fieldOf(exchange, by.name) || null;
    case "cookie":
      return readCookie(fieldOf(exchange, "cookie") ?? "", by.name) || null;
  }
}

/** As policies have left it: one that a policy sets, or takes away, counts so. */
function fieldOf({ head, policies }: Exchange, name: string): string | null {
  // Fields that the proxy knows are not among those that policies edit.
  if (policies === null || fieldKind(name, 0, name.length) !== Kind.other) return head.get(name);
  const { fields } = policies.request;
  return fieldValue(fields, 0, fields.length, name);
}

/** Clients on a Unix socket have none: one key for all of them would be one cluster for all of them. */
function addressOf({ head, client, generation }: Exchange): string | null {
  const address = clientAddress(head, client.side, generation);
  return address === "unknown" ? null : address;
}
