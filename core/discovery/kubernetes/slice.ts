import type { DiscoveredEndpoint } from "../../config/traffic-model.ts";
import { asList, asMap, asText, type JsonMap } from "../json-value.ts";
import { canonicalHost, mostEndpoints } from "../normalise.ts";

/** Whether an endpoint gets requests: always, when there is no other one, or never. */
type Readiness = "ready" | "draining" | "unready";

/** What is kept of an EndpointSlice: a thousandth of it is of interest. */
export interface Slice {
  /** Of the addresses; null: names. */
  readonly family: 4 | 6 | null;
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly SliceEndpoint[];
  /** Endpoints that cannot be read. */
  readonly unusable: number;
}

interface SlicePort {
  readonly name: string;
  readonly port: number;
}

interface SliceEndpoint {
  readonly host: string;
  readonly zone: string | null;
  readonly readiness: Readiness;
  /** Of the pod, which has an address of each family; null: of nothing that is known. */
  readonly pod: string | null;
}

/** What a set of slices means for a cluster. */
export interface SliceEndpoints {
  readonly endpoints: readonly DiscoveredEndpoint[];
  readonly unusable: number;
  /** Ports of slices that have endpoints but not the port that was asked for. */
  readonly otherPorts: readonly string[];
}

/**
 * An EndpointSlice of `discovery.k8s.io/v1`
 * (https://kubernetes.io/docs/reference/kubernetes-api/discovery/endpoint-slice-v1/).
 */
export function readSlice(object: JsonMap): Slice {
  const families: Readonly<Record<string, 4 | 6>> = { IPv4: 4, IPv6: 6 };
  const listed = asList(object["endpoints"]);
  const endpoints = listed.map((entry) => readEndpoint(asMap(entry))).filter((endpoint) => endpoint !== null);
  return {
    family: families[String(object["addressType"])] ?? null,
    ports: asList(object["ports"])
      .map(readPort)
      .filter((port) => port !== null),
    endpoints,
    unusable: listed.length - endpoints.length,
  };
}

/**
 * The endpoints of all slices of a service that get requests: those that are ready, or, when none is, those that
 * still serve while they terminate, as kube-proxy does. An endpoint that is listed twice counts once, and so does a
 * pod with addresses of both families.
 *
 * @param port name or number, as the slices have it: not the port of the service
 * @param families the better one first
 */
export function endpointsOf(
  slices: Iterable<Slice>,
  port: string | number,
  families: readonly (4 | 6)[],
): SliceEndpoints {
  const usable = [...slices].filter(({ family }) => family === null || families.includes(family));
  const rank = ({ family }: Slice) => (family === null ? families.length : families.indexOf(family));
  usable.sort((one, other) => rank(one) - rank(other));
  const otherPorts = new Set<string>();
  const found: (SliceEndpoint & { readonly port: number })[] = [];
  for (const slice of usable) {
    const number = portOf(slice, port);
    if (number !== null) for (const endpoint of slice.endpoints) found.push({ ...endpoint, port: number });
    else if (slice.endpoints.length > 0) {
      for (const other of slice.ports)
        otherPorts.add(other.name === "" ? `${other.port}` : `${other.name}:${other.port}`);
    }
  }
  const ready = found.filter(({ readiness }) => readiness === "ready");
  const serving = ready.length > 0 ? ready : found.filter(({ readiness }) => readiness === "draining");
  return {
    endpoints: oneOfEachPod(serving).map(({ host, zone, port }) => ({
      host,
      port,
      weight: 1,
      zone,
      priority: 0,
    })),
    unusable: usable.reduce((total, slice) => total + slice.unusable, 0),
    otherPorts: [...otherPorts].sort(),
  };
}

/** The first one wins. One more than may be is kept, so that it is seen. */
function oneOfEachPod<Entry extends SliceEndpoint & { readonly port: number }>(
  entries: readonly Entry[],
): Entry[] {
  const seen = new Set<string>();
  const kept: Entry[] = [];
  for (const entry of entries) {
    const key = `${entry.pod ?? entry.host} ${entry.port}`;
    if (seen.has(key) || kept.length > mostEndpoints) continue;
    seen.add(key);
    kept.push(entry);
  }
  return kept;
}

/** A slice that names no ports is of a service that has none: every port is meant. */
function portOf({ ports }: Slice, wanted: string | number): number | null {
  if (typeof wanted === "number" && ports.length === 0) return wanted;
  const found = ports.find(({ name, port }) =>
    typeof wanted === "number" ? port === wanted : name === wanted,
  );
  return found?.port ?? null;
}

function readPort(entry: unknown): SlicePort | null {
  const { name, port, protocol } = asMap(entry);
  if (protocol !== undefined && protocol !== null && protocol !== "TCP") return null;
  if (!Number.isInteger(port) || Number(port) < 1 || Number(port) > 65_535) return null;
  return { name: asText(name) ?? "", port: Number(port) };
}

/** Addresses of one endpoint are alike, and the first of them is the one to take. */
function readEndpoint(entry: JsonMap): SliceEndpoint | null {
  const host = asText(asList(entry["addresses"])[0]);
  if (host === null || canonicalHost(host) === null) return null;
  const pod = asText(asMap(entry["targetRef"])["uid"]);
  return { host, zone: asText(entry["zone"]), readiness: readinessOf(asMap(entry["conditions"])), pod };
}

/** What is not told of `ready` and `serving` is true, of `terminating` false. */
function readinessOf({ ready, serving, terminating }: JsonMap): Readiness {
  if (ready !== false) return "ready";
  return serving === true && terminating === true ? "draining" : "unready";
}
