import type { Config, EndpointConfig } from "../../config/model.ts";
import type { EndpointChange } from "../../data/plane.ts";

/** What discovery found last, for a data process that starts and for a config that is applied. */
export class DiscoveredEndpoints {
  readonly #byCluster = new Map<string, readonly EndpointConfig[]>();

  set({ cluster, endpoints }: EndpointChange): void {
    this.#byCluster.set(cluster, endpoints);
  }

  /** The config with the endpoints that were found for its clusters. */
  fill(config: Config): Config {
    const clusters = config.clusters.map((cluster) => {
      const endpoints = cluster.discovery === null ? undefined : this.#byCluster.get(cluster.name);
      return endpoints === undefined ? cluster : { ...cluster, endpoints };
    });
    return { ...config, clusters };
  }

  /** Forgets clusters that the config does not have, or that have a list of their own now. */
  keepOnly({ clusters }: Config): void {
    for (const name of this.#byCluster.keys()) {
      const cluster = clusters.find((candidate) => candidate.name === name);
      if (cluster === undefined || cluster.discovery === null) this.#byCluster.delete(name);
    }
  }
}
