/** The clusters of a generation: those that a reload does not change go on with their connections. */
import { isDeepStrictEqual } from "node:util";
import type { ClusterConfig, Config } from "../config/model.ts";
import type { Reactor } from "../net/reactor.ts";
import { Cluster } from "../upstream/cluster.ts";
import type { UpstreamServices } from "../upstream/services.ts";

/** By name. */
export type Clusters = ReadonlyMap<string, Cluster>;

/** The clusters in force and the config that they are from. */
export interface ClustersInForce {
  readonly clusters: Clusters;
  readonly config: Config;
}

/**
 * One cluster for each of the config.
 *
 * @param current null: there are none yet
 * @throws TlsFileError when a certificate file of a cluster cannot be used; what was made is closed then
 */
export function clustersFor(
  config: Config,
  current: ClustersInForce | null,
  reactor: Reactor,
  services: UpstreamServices,
): Clusters {
  const clusters = new Map<string, Cluster>();
  const create = (cluster: ClusterConfig) =>
    new Cluster(cluster, config.limits, reactor, services, config.workers);
  try {
    for (const cluster of config.clusters) {
      clusters.set(cluster.name, unchanged(cluster, config, current) ?? create(cluster));
    }
  } catch (error) {
    closeClusters(clusters, current?.clusters ?? new Map());
    throw error;
  }
  return clusters;
}

/** Closes the clusters of one generation that another one does not have. */
export function closeClusters(clusters: Clusters, kept: Clusters): void {
  for (const [name, cluster] of clusters) if (kept.get(name) !== cluster) cluster.close();
}

function unchanged(
  cluster: ClusterConfig,
  config: Config,
  current: ClustersInForce | null,
): Cluster | undefined {
  const known = current?.clusters.get(cluster.name);
  if (known === undefined || !isDeepStrictEqual(known.config, cluster)) return undefined;
  return isDeepStrictEqual(current?.config.limits, config.limits) ? known : undefined;
}
