import { isIP, isIPv4, isIPv6 } from "node:net";
import { isHostName } from "../config/address.ts";
import { weightBounds } from "../config/bounds.ts";
import type { DiscoveredEndpoint } from "../config/traffic-model.ts";

/** Endpoints of one cluster; more are a mistake of somebody, and would be a load for every request. */
export const mostEndpoints = 4096;

/** As many as a config file can name; a source that knows more of them ranks them itself. */
export const lowestPriority = 15;

/** A name of a zone is no longer than a host name. */
const longestZone = 253;

export interface NormalList {
  /** Sorted, each address once: equal sets are equal lists. */
  readonly endpoints: readonly DiscoveredEndpoint[];
  /** How many were left out because they are none. */
  readonly unusable: number;
  /** How many were left out because there were too many. */
  readonly surplus: number;
}

/**
 * Brings a list into the one form that stands for its set: hosts in their canonical spelling, weights and
 * priorities within bounds, sorted by priority, host and port. An address that is listed more than once has the best
 * of its priorities, with the greatest weight there.
 *
 * @example
 * const one = { host: "API.internal.", port: 80, weight: 1, zone: null, priority: 0 };
 * normalise([one, { ...one, host: "api.internal", weight: 2 }]).endpoints;
 * // [{ host: "api.internal", port: 80, weight: 2, zone: null, priority: 0 }]
 */
export function normalise(list: readonly DiscoveredEndpoint[]): NormalList {
  const byAddress = new Map<string, DiscoveredEndpoint>();
  let unusable = 0;
  for (const listed of list) {
    const endpoint = normalForm(listed);
    if (endpoint === null) {
      unusable++;
      continue;
    }
    const address = `${endpoint.host} ${endpoint.port}`;
    const known = byAddress.get(address);
    byAddress.set(address, known === undefined ? endpoint : better(known, endpoint));
  }
  const endpoints = [...byAddress.values()].sort(inOrder);
  const surplus = Math.max(0, endpoints.length - mostEndpoints);
  return { endpoints: endpoints.slice(0, mostEndpoints), unusable, surplus };
}

/** Whether two lists in normal form are the same set. */
export function isSameList(
  one: readonly DiscoveredEndpoint[],
  other: readonly DiscoveredEndpoint[],
): boolean {
  return one.length === other.length && one.every((endpoint, index) => isSame(endpoint, other[index]!));
}

/**
 * The spelling of a host by which equal hosts are equal texts: lower case, without the root's dot, IPv6 as in
 * RFC 5952. Null when it is no host.
 */
export function canonicalHost(text: string): string | null {
  if (isIPv4(text)) return text;
  // A zone of an IPv6 address means something on one machine only.
  if (isIPv6(text)) return text.includes("%") ? null : new URL(`http://[${text}]`).hostname.slice(1, -1);
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  return isIP(name) === 0 && isHostName(name) ? name.toLowerCase() : null;
}

function normalForm({ host, port, weight, zone, priority }: DiscoveredEndpoint): DiscoveredEndpoint | null {
  const canonical = typeof host === "string" ? canonicalHost(host) : null;
  if (canonical === null || !Number.isInteger(port) || port < 1 || port > 65_535) return null;
  if (!Number.isFinite(weight) || !Number.isFinite(priority)) return null;
  return {
    host: canonical,
    port,
    weight: within(Math.round(weight), weightBounds.min, weightBounds.max),
    zone: typeof zone === "string" && zone !== "" ? zone.slice(0, longestZone) : null,
    priority: within(Math.round(priority), 0, lowestPriority),
  };
}

/** Which one it is must not depend on the order of the list. */
function better(one: DiscoveredEndpoint, other: DiscoveredEndpoint): DiscoveredEndpoint {
  const order =
    one.priority - other.priority || other.weight - one.weight || compare(one.zone ?? "", other.zone ?? "");
  return order <= 0 ? one : other;
}

function inOrder(one: DiscoveredEndpoint, other: DiscoveredEndpoint): number {
  return one.priority - other.priority || compare(one.host, other.host) || one.port - other.port;
}

function isSame(one: DiscoveredEndpoint, other: DiscoveredEndpoint): boolean {
  return (
    one.host === other.host &&
    one.port === other.port &&
    one.weight === other.weight &&
    one.zone === other.zone &&
    one.priority === other.priority
  );
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function within(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
