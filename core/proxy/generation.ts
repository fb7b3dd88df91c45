/** One version of the config, compiled. A request belongs to one from first byte to last. */
import type { Config, RouteConfig } from "../config/model.ts";
import { createTrustedProxies, type TrustedProxies } from "../net/client-address.ts";
import type { Reactor } from "../net/reactor.ts";
import type { RoutePlan } from "../policy/plan.ts";
import { PolicySet } from "../policy/policy-set.ts";
import type { RetiredPlugins } from "../policy/retired-plugins.ts";
import { compileRewrite, type RewritePath } from "../route/path-rewrite.ts";
import { compileRoutes, type RouteTable } from "../route/table.ts";
import type { Cluster } from "../upstream/cluster.ts";
import { type RouteSplit, routeSplit } from "./attempts/cluster-choice.ts";
import { type Mirror, mirrorsOf } from "./mirror.ts";
import { type RouteAnswer, routeAnswer } from "./response/route-answer.ts";

export interface Route {
  readonly config: RouteConfig;
  /** Null: its split, or the proxy itself. */
  readonly cluster: Cluster | null;
  /** Null: its requests are not shared among clusters. */
  readonly split: RouteSplit | null;
  /** Null: endpoints answer. */
  readonly answer: RouteAnswer | null;
  /** Null: paths go upstream as they came. */
  readonly rewrite: RewritePath | null;
  readonly metricsSlot: number;
  /** Its number among the routes of the config. */
  readonly number: number;
  /** Null: no policy sees its requests. */
  readonly plan: RoutePlan | null;
  /** Null: nobody gets copies of its requests. */
  readonly mirrors: readonly Mirror[] | null;
}

export class Generation {
  readonly config: Config;
  readonly table: RouteTable;
  readonly routes: readonly Route[];
  readonly trusted: TrustedProxies;
  readonly clusters: ReadonlyMap<string, Cluster>;
  /** Where requests are counted that no route matched. */
  readonly unroutedSlot: number;
  readonly policies: PolicySet;
  /** Whether the proxy must see the data of request bodies, not only their framing. */
  readonly readsRequestBodies: boolean;
  /** Exchanges that have begun and not ended. */
  private live = 0;
  /** Where its plugins go; null: it is in force. */
  private retired: RetiredPlugins | null = null;

  /** @param clusters one for each in `config`, by name */
  constructor(
    config: Config,
    clusters: ReadonlyMap<string, Cluster>,
    reactor: Reactor,
    policies: PolicySet = PolicySet.none(config),
  ) {
    this.config = config;
    this.clusters = clusters;
    this.policies = policies;
    this.readsRequestBodies = policies.readsRequestBodies;
    this.table = compileRoutes(config.routes);
    this.unroutedSlot = reactor.metrics.routes.slot("none");
    this.trusted = createTrustedProxies(config.forwarding.trustedProxies);
    this.routes = config.routes.map((route, number) => ({
      config: route,
      cluster: route.cluster === null ? null : clusters.get(route.cluster)!,
      split: route.split === null ? null : routeSplit(route.split, clusters),
      answer: routeAnswer(route),
      rewrite: route.rewrite === null ? null : compileRewrite(route.match.path, route.rewrite),
      metricsSlot: reactor.metrics.routes.slot(route.name),
      number,
      plan: policies.plans[number]!,
      mirrors: mirrorsOf(route, clusters, reactor),
    }));
    this.measureLatencies();
  }

  /** Clusters whose requests a route hedges know how long they take. */
  private measureLatencies(): void {
    const hedged = this.config.routes.filter(({ retry }) => retry?.hedge);
    const names = new Set(hedged.flatMap(({ cluster, split }) => [cluster, ...splitNames(split)]));
    for (const [name, cluster] of this.clusters) cluster.measureLatencies(names.has(name));
  }

  begin(): void {
    this.live++;
  }

  end(): void {
    if (--this.live === 0 && this.retired !== null) this.policies.retire(this.retired);
  }

  /** Another one is in force: when the last exchange is over, the guests finish what they have begun and end. */
  retire(retired: RetiredPlugins): void {
    if (this.retired !== null) return;
    this.retired = retired;
    if (this.live === 0) this.policies.retire(retired);
  }
}

function splitNames(split: RouteConfig["split"]): string[] {
  return split === null ? [] : split.clusters.map(({ name }) => name);
}
