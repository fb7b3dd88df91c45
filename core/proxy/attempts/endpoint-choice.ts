/** The endpoint of the next attempt of an exchange. */
import type { HashKey } from "../../config/traffic-model.ts";
import { firstAttempt } from "../../upstream/balance/candidate.ts";
import { hashText } from "../../upstream/balance/murmur3.ts";
import type { Cluster } from "../../upstream/cluster.ts";
import type { Endpoint } from "../../upstream/endpoint.ts";
import { readCookie } from "../../wire/cookie.ts";
import { clientAddress, clientScheme } from "../client/facts.ts";
import type { Exchange } from "../exchange.ts";
import { pickSteered } from "./steered-choice.ts";

/**
 * The one that the client's cookie leads to, or one that the cluster's balancer picks; not one that was tried, or that a policy
 * wants to be avoided.
 *
 * @throws ProxyError no_healthy_upstream
 */
export function chooseEndpoint(exchange: Exchange, cluster: Cluster): Endpoint {
  const { hashKey, sticky } = cluster.config;
  const { tried } = exchange.attempts;
  const steering = exchange.policies?.attempt.steering ?? null;
  if (sticky !== null) {
    const cookies = exchange.head.get("cookie");
    const known = cookies === null ? null : cluster.endpointOf(cookies);
    const isWanted = known !== null && tried?.has(known) !== true;
    if (isWanted && steering?.avoid.has(known.name) !== true) return known;
  }
  if (steering !== null)
    return pickSteered(cluster, steering, { hash: hashFor(exchange, cluster), exclude: tried });
  if (hashKey === null && tried === null) return cluster.pick(firstAttempt);
  return cluster.pick({ hash: hashFor(exchange, cluster), exclude: tried });
}

/** What places a request among the endpoints of a cluster; null: nothing does. */
export function hashFor(exchange: Exchange, cluster: Cluster): number | null {
  const { hashKey } = cluster.config;
  const key = hashKey === null ? null : keyOf(exchange, hashKey);
  return key === null ? null : hashText(key);
}

/** The line that leads the client back to its endpoint; empty when its cookie does so already. */
export function stickyLine(exchange: Exchange, cluster: Cluster, endpoint: Endpoint): string {
  const { sticky } = cluster;
  if (sticky === null) return "";
  const cookies = exchange.head.get("cookie");
  if (cookies !== null && sticky.find(cookies) === endpoint) return "";
  // Discovery may have taken it away meanwhile.
  if (!cluster.endpoints.includes(endpoint)) return "";
  const isSecure = clientScheme(exchange.head, exchange.client.side) === "https";
  return `Set-Cookie: ${sticky.setCookie(endpoint, isSecure)}\r\n`;
}

function keyOf({ head, client, generation, policies }: Exchange, key: HashKey): string | null {
  switch (key.kind) {
    case "header":
      return head.get(key.name);
    case "cookie":
      return readCookie(head.get("cookie") ?? "", key.name);
    case "client-address":
      return clientAddress(head, client.side, generation);
    case "policy":
      return policies?.attempt.hashKey ?? null;
  }
}
