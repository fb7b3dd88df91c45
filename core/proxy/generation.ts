/** One version of the config, compiled. A request belongs to one from first byte to last. */
import type { Config, RouteConfig } from "../config/model.ts";
import { createTrustedProxies, type TrustedProxies } from "../net/client-address.ts";
import type { Reactor } from "../net/reactor.ts";
import { compileRoutes, type RouteTable } from "../route/table.ts";
import type { Cluster } from "../upstream/cluster.ts";

export interface Route {
  readonly config: RouteConfig;
  readonly cluster: Cluster;
  readonly metricsSlot: number;
}

export class Generation {
  readonly config: Config;
  readonly table: RouteTable;
  readonly routes: readonly Route[];
  readonly trusted: TrustedProxies;
  readonly clusters: ReadonlyMap<string, Cluster>;
  /** Where requests are counted that no route matched. */
  readonly unroutedSlot: number;

  /** @param clusters one for each in `config`, by name */
  constructor(config: Config, clusters: ReadonlyMap<string, Cluster>, reactor: Reactor) {
    this.config = config;
    this.clusters = clusters;
    this.table = compileRoutes(config.routes);
    this.unroutedSlot = reactor.metrics.routeSlot("none");
    this.trusted = createTrustedProxies(config.forwarding.trustedProxies);
    this.routes = config.routes.map((route) => ({
      config: route,
      cluster: clusters.get(route.cluster)!,
      metricsSlot: reactor.metrics.routeSlot(route.name),
    }));
  }
}
