/** What an attempt is sent to where policies have a say in it: they choose a cluster, want endpoints to be avoided, or prefer one. */
import { ProxyError } from "../../errors.ts";
import type { RequestDraft } from "../../policy/request-draft.ts";
import type { Steering } from "../../policy/steering.ts";
import type { PickContext } from "../../upstream/balance/candidate.ts";
import type { Cluster } from "../../upstream/cluster.ts";
import type { Endpoint } from "../../upstream/endpoint.ts";
import type { Exchange } from "../exchange.ts";
import { clusterFor } from "./cluster-choice.ts";

/**
 * The cluster of an attempt. Where policies want all of its endpoints to be avoided, they have said what to do instead.
 *
 * @throws ProxyError plugin_failed for a cluster that there is not, no_healthy_upstream where there is nothing left
 */
export function clusterOf(exchange: Exchange, attempt: RequestDraft): Cluster {
  const cluster = clusterNamed(exchange, attempt.cluster);
  const { steering } = attempt;
  if (steering === null || attempt.endpoint !== null || hasOthers(cluster, steering.avoid)) return cluster;
  attempt.steering = null;
  const { whenAll } = steering;
  if (whenAll === "ask") return cluster;
  if (whenAll !== "refuse") return clusterNamed(exchange, whenAll.cluster);
  const message = `Policies leave no endpoint of the cluster ${cluster.name}`;
  throw new ProxyError("no_healthy_upstream", message, { source: "upstream" });
}

/** @param name null: no policy chose one */
function clusterNamed(exchange: Exchange, name: string | null): Cluster {
  if (name === null) return clusterFor(exchange);
  const cluster = exchange.generation.clusters.get(name);
  if (cluster !== undefined) return cluster;
  const message = `A policy chose the cluster ${name}: there is none of that name`;
  throw new ProxyError("plugin_failed", message, { source: "plugin" });
}

/** Whether the endpoint that policies chose, if they chose one, is one of the cluster. */
export function hasChosen(cluster: Cluster, { endpoint }: RequestDraft): boolean {
  return endpoint === null || cluster.endpoints.some(({ name }) => name === endpoint);
}

/** Whether any endpoint that gets requests, or would get a retry, is not to be avoided. */
function hasOthers(cluster: Cluster, avoid: ReadonlySet<string>): boolean {
  return avoid.size === 0 || cluster.hasOther(endpointsNamed(cluster, avoid));
}

/**
 * The one that is preferred, if it gets requests and was not tried; else one that the balancer picks of those that are neither
 * tried nor avoided, or else of those that are not avoided.
 *
 * @throws ProxyError no_healthy_upstream
 */
export function pickSteered(
  cluster: Cluster,
  { avoid, prefer }: Steering,
  { hash, exclude }: PickContext<Endpoint>,
): Endpoint {
  const preferred = prefer === null ? null : cluster.servingNamed(prefer);
  if (preferred !== null && exclude?.has(preferred) !== true) return preferred;
  if (avoid.size === 0) return cluster.pick({ hash, exclude });
  const avoided = endpointsNamed(cluster, avoid);
  const picked = cluster.pick({
    hash,
    exclude: exclude === null ? avoided : new Set([...avoided, ...exclude]),
  });
  // Where all others were tried the balancer takes any: rather one of those.
  return exclude !== null && avoided.has(picked) ? cluster.pick({ hash, exclude: avoided }) : picked;
}

function endpointsNamed(cluster: Cluster, names: ReadonlySet<string>): Set<Endpoint> {
  return new Set(cluster.endpoints.filter(({ name }) => names.has(name)));
}
