import { type EndpointText, mostDiscovered } from "../../sdk/runtime/message.ts";
import { formatHost, parsePort } from "../config/address.ts";
import { type Bounds, weightBounds } from "../config/bounds.ts";
import { describeFound } from "../config/source/found.ts";
import type { DiscoveredEndpoint } from "../config/traffic-model.ts";
import { endpointGrants, type IsGranted } from "./granted-endpoint.ts";
import { canonicalHost, lowestPriority } from "./normalise.ts";
import { SourceProblem } from "./source-problem.ts";

/** What a plugin found, as its guest said it, and where the endpoints may be that it finds. */
export interface PluginAnswer {
  readonly list: unknown;
  readonly granted: readonly string[];
}

const longestZone = 253;

/**
 * Reads what a plugin found. Nothing of it is believed, and an answer with anything wrong in it is none.
 *
 * @throws SourceProblem that names the first thing that is wrong
 * @example
 * readPluginAnswer({ list: [["10.0.0.7:80", null, null, null]], granted: ["10.0.0.0/8"] });
 * // [{ host: "10.0.0.7", port: 80, weight: 1, zone: null, priority: 0 }]
 */
export function readPluginAnswer({ list, granted }: PluginAnswer): DiscoveredEndpoint[] {
  if (!Array.isArray(list)) throw malformed("expected a list of endpoints", list);
  if (list.length > mostDiscovered) {
    throw new SourceProblem(
      "too-large",
      `expected at most ${mostDiscovered} endpoints, found ${list.length}`,
    );
  }
  const isGranted = endpointGrants(granted);
  return list.map((entry, index) => readEndpoint(entry, `endpoint ${index}`, isGranted));
}

function readEndpoint(entry: unknown, what: string, isGranted: IsGranted): DiscoveredEndpoint {
  if (!Array.isArray(entry)) throw malformed(`${what}: expected an endpoint`, entry);
  const [address, weight, zone, priority] = entry as unknown as EndpointText;
  const { host, port } = readAddress(address, what);
  if (!isGranted(host, port)) {
    const place = `${formatHost(host)}:${port}`;
    throw new SourceProblem("refused", `${what}: ${place} is not among the plugin's grants.endpoints`);
  }
  return {
    host,
    port,
    weight: readNumber(weight, weightBounds, 1, `${what}: weight`),
    zone: readZone(zone, what),
    priority: readNumber(priority, { min: 0, max: lowestPriority }, 0, `${what}: priority`),
  };
}

function readAddress(written: unknown, what: string): { host: string; port: number } {
  const [, bracketed, name, digits = ""] =
    (typeof written === "string" && /^(?:\[([^[\]]*)\]|([^:[\]]*)):([0-9]+)$/.exec(written)) || [];
  const host = canonicalHost(bracketed ?? name ?? "");
  const port = parsePort(digits);
  // Brackets are IPv6's, and nothing else's.
  const isForm = host !== null && (bracketed === undefined) === !host.includes(":");
  if (isForm && port !== null && port > 0) return { host, port };
  throw malformed(`${what}: expected an address such as "10.0.0.7:80"`, written);
}

function readNumber(value: unknown, { min, max }: Bounds, absent: number, what: string): number {
  if (value === null) return absent;
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw malformed(`${what}: expected a whole number from ${min} to ${max}`, value);
}

/** It stands in logs, in pages and in labels. */
function readZone(value: unknown, what: string): string | null {
  if (value === null) return null;
  if (typeof value === "string" && value.length <= longestZone && /^[\x21-\x7e]+$/.test(value)) return value;
  throw malformed(`${what}: expected the name of a zone`, value);
}

function malformed(message: string, found: unknown): SourceProblem {
  return new SourceProblem("malformed", `${message}, found ${describeFound(found)}`);
}
