/** The endpoint of an attempt of which policies want some to be avoided, or one to be preferred. */
import type { Steering } from "../policy/steering.ts";
import type { PickContext } from "../upstream/balance/candidate.ts";
import type { Cluster } from "../upstream/cluster.ts";
import type { Endpoint } from "../upstream/endpoint.ts";

/** Whether any endpoint that gets requests, or would get a retry, is not to be avoided. */
export function hasOthers(cluster: Cluster, avoid: ReadonlySet<string>): boolean {
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
