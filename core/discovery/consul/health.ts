import type { DiscoveredEndpoint } from "../../config/traffic-model.ts";
import { asMap, asText } from "../json-value.ts";
import { canonicalHost, mostEndpoints } from "../normalise.ts";
import { clusterWeights } from "../weights.ts";

/** One weight is as large as Consul allows. */
const largestWeight = 65_535;

/**
 * The instances in an answer of `/v1/health/service/:service`
 * (https://developer.hashicorp.com/consul/api-docs/health#list-service-instances-for-service). An instance that
 * has no address of its own has the one of its node. Only passing ones are asked for, so their weight is the one
 * for that.
 *
 * @returns also how many entries are none
 */
export function readInstances(entries: readonly unknown[]): {
  readonly endpoints: readonly DiscoveredEndpoint[];
  readonly unusable: number;
} {
  // One more than may be, so that it is seen.
  const some = entries.slice(0, mostEndpoints + 1);
  const instances = some.map(readInstance).filter((instance) => instance !== null);
  const weights = clusterWeights(instances.map(({ weight }) => weight));
  return {
    endpoints: instances.map((instance, index) => ({ ...instance, weight: weights[index]! })),
    unusable: some.length - instances.length,
  };
}

function readInstance(entry: unknown): DiscoveredEndpoint | null {
  const service = asMap(asMap(entry)["Service"]);
  const node = asMap(asMap(entry)["Node"]);
  const host = asText(service["Address"]) ?? asText(node["Address"]);
  const port = service["Port"];
  if (host === null || canonicalHost(host) === null || !isPort(port)) return null;
  const zone = zoneOf(service) ?? zoneOf(node);
  return { host, port, weight: weightOf(asMap(service["Weights"])["Passing"]), zone, priority: 0 };
}

/** `Locality`, since Consul 1.17. */
function zoneOf(place: Readonly<Record<string, unknown>>): string | null {
  return asText(asMap(place["Locality"])["Zone"]);
}

function isPort(port: unknown): port is number {
  return Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65_535;
}

function weightOf(weight: unknown): number {
  return Number.isInteger(weight) ? Math.min(largestWeight, Math.max(0, Number(weight))) : 1;
}
