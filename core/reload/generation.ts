/** One version of everything that is the plugins': their code, and what the config says of them. */
import { createHash } from "node:crypto";
import { builtInNames } from "../config/built-in-plugins.ts";
import { noGrants } from "../config/defaults.ts";
import { withSecretsOf } from "../config/mask.ts";
import type { Config, PluginSettings, PolicyConfig, RouteConfig } from "../config/model.ts";
import type { DiscoveryConfig } from "../config/traffic-model.ts";
import { folderPlugins, type PolicyBundle } from "../policy/bundle.ts";

/** What a config says of policies, apart from where plugins are: it comes and goes with their code. */
export interface PolicyPart {
  /** By what `routeKeys` makes; what older versions kept goes by names, which are none of those. */
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

export function policyPart(config: Config): PolicyPart {
  const { routes, plugins, clusters } = config;
  const keys = routeKeys(routes);
  const part: PolicyPart = {
    routes: Object.fromEntries(routes.map(({ policies }, route) => [keys[route]!, policies])),
    settings: plugins.settings,
    discovery: Object.fromEntries(
      clusters.flatMap(({ name, discovery }) => (discovery?.kind === "plugin" ? [[name, discovery]] : [])),
    ),
  };
  return withSecretsOf(part, config);
}

/**
 * What a route is known by in another config: the name that the operator gave it, else what it matches. A name that was made
 * tells its place among others: policies found by it could open a route that they are not for. No name has a space.
 */
function routeKeys(routes: readonly RouteConfig[]): string[] {
  const seen = new Map<string, number>();
  return routes.map(({ name, isNamed, match }) => {
    const key = isNamed ? `name ${name}` : `match ${hashOf(match)}`;
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    // Of equal matches the first gets the requests.
    return count === 1 ? key : `${key} ${count}`;
  });
}

/**
 * A config for older code, with what was said of the folder's plugins then. Where a plugin runs, what it may reach and
 * use stays as `config` says: trust or a grant that was taken back does not return with old code. Nor does anything change
 * that the operator says of built-in policies: a route where those are others now keeps its own, as do routes that are new,
 * and clusters whose endpoints come from elsewhere now.
 *
 * @param own names of the folder's plugins then
 */
export function withPolicyPart(config: Config, part: PolicyPart, own: ReadonlySet<string>): Config {
  const { routes, settings, discovery = {} } = part;
  const keys = routeKeys(config.routes);
  const merged = Object.entries(settings)
    .filter(([name]) => own.has(name))
    .map(([name, old]) => {
      const { engine, limits, grants } = config.plugins.settings[name] ?? nothingSaid;
      return [name, { ...old, engine, limits, grants }] as const;
    });
  const builtIn = builtInNames().filter((name) => !own.has(name));
  const textOf = (policies: readonly PolicyConfig[] | null) =>
    JSON.stringify((policies ?? []).filter(({ plugin }) => builtIn.includes(plugin)));
  const made: Config = {
    ...config,
    clusters: config.clusters.map((cluster) =>
      cluster.discovery?.kind === "plugin" && Object.hasOwn(discovery, cluster.name)
        ? { ...cluster, discovery: discovery[cluster.name]! }
        : cluster,
    ),
    routes: config.routes.map((route, index) => {
      const key = keys[index]!;
      const old = Object.hasOwn(routes, key) ? routes[key]! : route.policies;
      return textOf(old) === textOf(route.policies) ? { ...route, policies: old } : route;
    }),
    plugins: { ...config.plugins, settings: { ...config.plugins.settings, ...Object.fromEntries(merged) } },
  };
  return withSecretsOf(made, config, part);
}

/** Names of the routes whose policies are others after `withPolicyPart`. */
export function routesThatDiffer(config: Config, other: Config): string[] {
  const differs = (route: number) =>
    JSON.stringify(config.routes[route]!.policies) !== JSON.stringify(other.routes[route]!.policies);
  return config.routes.filter((_, route) => differs(route)).map(({ name }) => name);
}

/** Code of all plugins, and what is said of them. */
export interface PluginVersion {
  readonly bundle: PolicyBundle | null;
  readonly policies: PolicyPart;
}

/**
 * The plugins of the folder that are others now, or have another config. Null for all: code may hinder code, a config only the
 * plugin that it is for. What differs in built-in policies and in new routes is left out.
 */
export function changedPlugins(old: PluginVersion, now: PluginVersion): ReadonlySet<string> | null {
  const names = codeOf(now.bundle).map(([name]) => name);
  if (codeId(old.bundle) !== codeId(now.bundle)) return null;
  const routes = Object.keys(now.policies.routes).filter((route) =>
    Object.hasOwn(old.policies.routes, route),
  );
  const textOf = (name: string, { settings, discovery = {}, routes: lists }: PolicyPart) => {
    const { config, onFailure } = settings[name] ?? {};
    const found = Object.entries(discovery).filter(([, { plugin }]) => plugin === name);
    const places = routes.map((route) => {
      const own = lists[route]?.filter(({ plugin }) => names.includes(plugin));
      return own?.map((policy) => (policy.plugin === name ? policy : null)) ?? null;
    });
    return JSON.stringify([config, onFailure, found, places]);
  };
  return new Set(names.filter((name) => textOf(name, old.policies) !== textOf(name, now.policies)));
}

function codeOf(bundle: PolicyBundle | null): readonly (readonly [string, string])[] {
  return bundle === null ? [] : folderPlugins(bundle).map(({ name, hash }) => [name, hash] as const);
}

/** The same text for the same plugins of the folder. */
export function codeId(bundle: PolicyBundle | null): string {
  return hashOf(codeOf(bundle));
}

/** The same text for the same code with the same config of policies. */
export function generationId(bundle: PolicyBundle | null, config: Config): string {
  const plugins = bundle?.plugins.map(({ name, hash }) => [name, hash]) ?? null;
  const { grantDeclared, maxLimits } = config.plugins;
  return hashOf([plugins, policyPart(config), grantDeclared, maxLimits]);
}

function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("base64url");
}
