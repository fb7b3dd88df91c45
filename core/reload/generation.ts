/** One version of everything that is the plugins': their code, and what the config says of them. */
import { createHash } from "node:crypto";
import { noGrants } from "../config/defaults.ts";
import type { Config, PluginSettings, PolicyConfig } from "../config/model.ts";
import type { DiscoveryConfig } from "../config/traffic-model.ts";
import type { PolicyBundle } from "../policy/bundle.ts";

/** What a config says of policies, apart from where plugins are: it comes and goes with their code. */
export interface PolicyPart {
  /** By name of the route. */
  readonly routes: Readonly<Record<string, readonly PolicyConfig[] | null>>;
  readonly settings: Readonly<Record<string, PluginSettings>>;
  /** Of clusters whose endpoints a plugin finds, by name; absent in what older versions kept. */
  readonly discovery?: Readonly<Record<string, PluginDiscovery>>;
}

type PluginDiscovery = Extract<DiscoveryConfig, { kind: "plugin" }>;

/** Of a plugin that a config does not name. */
const nothingSaid: Pick<PluginSettings, "engine" | "limits" | "grants"> = {
  engine: null,
  limits: {},
  grants: noGrants,
};

export function policyPart({ routes, plugins, clusters }: Config): PolicyPart {
  return {
    routes: Object.fromEntries(routes.map(({ name, policies }) => [name, policies])),
    settings: plugins.settings,
    discovery: Object.fromEntries(
      clusters.flatMap(({ name, discovery }) => (discovery?.kind === "plugin" ? [[name, discovery]] : [])),
    ),
  };
}

/**
 * A config with the policies of another one. Where a plugin runs, what it may reach and use stays as `config` says:
 * trust or a grant that was taken back does not return with old code. Routes that the other did not have keep their
 * own, and so do clusters whose endpoints come from elsewhere now.
 */
export function withPolicyPart(config: Config, { routes, settings, discovery = {} }: PolicyPart): Config {
  const merged = Object.entries(settings).map(([name, old]) => {
    const { engine, limits, grants } = config.plugins.settings[name] ?? nothingSaid;
    return [name, { ...old, engine, limits, grants }] as const;
  });
  return {
    ...config,
    clusters: config.clusters.map((cluster) =>
      cluster.discovery?.kind === "plugin" && Object.hasOwn(discovery, cluster.name)
        ? { ...cluster, discovery: discovery[cluster.name]! }
        : cluster,
    ),
    routes: config.routes.map((route) =>
      Object.hasOwn(routes, route.name) ? { ...route, policies: routes[route.name]! } : route,
    ),
    plugins: { ...config.plugins, settings: { ...config.plugins.settings, ...Object.fromEntries(merged) } },
  };
}

/** Names of the routes whose policies are others after `withPolicyPart`. */
export function routesThatDiffer(config: Config, other: Config): string[] {
  const differs = (route: number) =>
    JSON.stringify(config.routes[route]!.policies) !== JSON.stringify(other.routes[route]!.policies);
  return config.routes.filter((_, route) => differs(route)).map(({ name }) => name);
}

/** The same text for the same code with the same config of policies. */
export function generationId(bundle: PolicyBundle | null, config: Config): string {
  const plugins = bundle?.plugins.map(({ name, hash }) => [name, hash]) ?? null;
  const { grantDeclared, maxLimits } = config.plugins;
  const text = JSON.stringify([plugins, policyPart(config), grantDeclared, maxLimits]);
  return createHash("sha256").update(text).digest("base64url");
}
