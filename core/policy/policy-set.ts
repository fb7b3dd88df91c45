/** All plugins and policies of one generation. */
import { builtInsText } from "../config/built-in-plugins.ts";
import type { Config, PolicyConfig, RouteConfig } from "../config/model.ts";
import type { DiscoveryConfig } from "../config/traffic-model.ts";
import type { Reactor } from "../net/reactor.ts";
import type { Engine, EngineName } from "../sandbox/engine.ts";
import { engineNameOf } from "./built-in.ts";
import { folderPlugins, type PluginCode, type PolicyBundle } from "./bundle.ts";
import { discoverWith } from "./discover-call.ts";
import { searchMs } from "./guest/loop-search.ts";
import type { SharedServices } from "./guest/services.ts";
import { PluginLoadError } from "./load-error.ts";
import { planRoute, type RoutePlan } from "./plan.ts";
import { Plugin } from "./plugin.ts";
import type { PluginReport } from "./plugin-status.ts";
import type { Policy } from "./policy.ts";
import type { RetiredPlugins } from "./retired-plugins.ts";

type PluginDiscovery = Extract<DiscoveryConfig, { kind: "plugin" }>;

export interface PolicyEnvironment {
  readonly reactor: Reactor;
  readonly shared: SharedServices;
  engine(name: EngineName | null): Promise<Engine>;
  /** Whether plugins are asked for endpoints here. Absent: yes. */
  readonly discovers?: boolean;
}

/** What a plugin found for a cluster, unchecked, and where the endpoints may be that it finds. */
export interface Discovered {
  readonly list: unknown;
  readonly granted: readonly string[];
}

interface Finder {
  readonly plugin: Plugin;
  readonly policy: Policy;
}

export class PolicySet {
  /** By number of the route. */
  readonly plans: readonly (RoutePlan | null)[];
  private readonly plugins: readonly Plugin[];
  /** By name of the cluster. */
  private readonly finders: ReadonlyMap<string, Finder>;

  private constructor(
    plugins: readonly Plugin[],
    plans: readonly (RoutePlan | null)[],
    finders: ReadonlyMap<string, Finder>,
  ) {
    this.plugins = plugins;
    this.plans = plans;
    this.finders = finders;
  }

  /** Of a config without plugins. */
  static none(config: Config): PolicySet {
    return new PolicySet(
      [],
      config.routes.map(() => null),
      new Map(),
    );
  }

  /**
   * Loads every plugin that a route uses, or a cluster for its endpoints, into a guest of its own and sets its policies up.
   *
   * @throws PluginLoadError; nothing is left behind then
   */
  static async load(
    config: Config,
    bundle: PolicyBundle,
    environment: PolicyEnvironment,
  ): Promise<PolicySet> {
    try {
      return await PolicySet.loadWith(new Loader(config, bundle, environment));
    } catch (error) {
      const isLost = error instanceof PluginLoadError && error.isOutOfTime && error.position === null;
      if (!isLost) throw error;
      // The second time it is worth its price to know where.
      return await PolicySet.loadWith(new Loader(config, bundle, environment, error.plugin));
    }
  }

  private static async loadWith(loader: Loader): Promise<PolicySet> {
    const { config, environment } = loader;
    try {
      const plans: (RoutePlan | null)[] = [];
      for (const [index, route] of config.routes.entries()) plans.push(await loader.planFor(route, index));
      const finders = new Map<string, Finder>();
      for (const { name, discovery } of environment.discovers === false ? [] : config.clusters) {
        if (discovery?.kind === "plugin") finders.set(name, await loader.finderFor(name, discovery));
      }
      return new PolicySet([...loader.plugins.values()], plans, finders);
    } catch (error) {
      for (const plugin of loader.plugins.values()) plugin.dispose();
      throw error;
    }
  }

  get readsRequestBodies(): boolean {
    return this.plans.some((plan) => plan?.readsRequestBody === true);
  }

  report(): PluginReport[] {
    return this.plugins.map((plugin) => plugin.report());
  }

  /**
   * Asks the plugin of a cluster for its endpoints.
   *
   * @throws Error when it fails, or there is none
   */
  async discover(cluster: string): Promise<Discovered> {
    const finder = this.finders.get(cluster);
    if (finder === undefined) throw new Error(`no plugin finds endpoints of ${cluster}`);
    const list = await discoverWith(finder.policy, cluster);
    return { list, granted: finder.plugin.granted.endpoints };
  }

  /** Faults of all plugins so far. */
  get faultCount(): number {
    return this.plugins.reduce((sum, { status }) => sum + status.faultCount, 0);
  }

  /** When the last exchange of the generation is over. */
  retire(retired: RetiredPlugins): void {
    for (const plugin of this.plugins) retired.add(plugin);
  }

  dispose(): void {
    for (const plugin of this.plugins) plugin.dispose();
  }
}

/** Plugins of a generation that is being made; each is loaded once, by whoever needs it first. */
class Loader {
  readonly plugins = new Map<string, Plugin>();
  /** Of policies that a route has several times: the second one, the third one and so on. */
  private readonly copies = new Map<Policy, Policy[]>();
  readonly config: Config;
  private readonly bundle: PolicyBundle;
  readonly environment: PolicyEnvironment;
  private readonly suspect: string | null;

  /** @param suspect name of a plugin that took too long; null: there is none */
  constructor(
    config: Config,
    bundle: PolicyBundle,
    environment: PolicyEnvironment,
    suspect: string | null = null,
  ) {
    this.config = config;
    this.bundle = bundle;
    this.environment = environment;
    this.suspect = suspect;
  }

  /** @param number of the route */
  async planFor(route: RouteConfig, number: number): Promise<RoutePlan | null> {
    const { policies: uses } = route;
    const names =
      uses ?? folderPlugins(this.bundle).map(({ name }): PolicyConfig => ({ plugin: name, config: null }));
    const policies: Policy[] = [];
    for (const [index, use] of names.entries()) {
      try {
        const plugin = await this.load(use.plugin, `Route ${route.name}`);
        // One that only finds endpoints has no part in a route that names no policies.
        if (uses !== null || !plugin.onlyDiscovers)
          policies.push(this.atItsPlace(await plugin.policy(use.config), policies));
        await othersTurn();
      } catch (error) {
        if (error instanceof PluginLoadError) error.use = { route: number, index };
        throw error;
      }
    }
    return planRoute(policies);
  }

  /**
   * An exchange knows policies apart as objects: one that is on a route twice is another one the second time. A request
   * that is routed again meets the same ones.
   */
  private atItsPlace(policy: Policy, before: readonly Policy[]): Policy {
    const times = before.filter(
      ({ guest, instance }) => guest === policy.guest && instance === policy.instance,
    ).length;
    if (times === 0) return policy;
    const copies = this.copies.get(policy) ?? [];
    this.copies.set(policy, copies);
    copies[times - 1] ??= { ...policy };
    return copies[times - 1]!;
  }

  async finderFor(cluster: string, { plugin: name, config }: PluginDiscovery): Promise<Finder> {
    try {
      const plugin = await this.load(name, `Cluster ${cluster}`);
      // Of one in quarantine nobody knows what it is.
      if (plugin.declared?.discovers === false)
        throw new PluginLoadError(name, `Cluster ${cluster} uses the plugin ${name}, which has no discover`);
      return { plugin, policy: await plugin.policy(config) };
    } catch (error) {
      if (error instanceof PluginLoadError) error.use = { cluster };
      throw error;
    }
  }

  private async load(name: string, who: string): Promise<Plugin> {
    const known = this.plugins.get(name);
    if (known !== undefined) return known;
    const { config, bundle, environment } = this;
    const isSuspect = name === this.suspect;
    const plugin = await createPlugin(codeOf(name, who, bundle), config, bundle, environment, isSuspect);
    this.plugins.set(name, plugin);
    await plugin.load();
    await othersTurn();
    return plugin;
  }
}

/** Those that are served meanwhile wait for one plugin, or one of its configs, not for all of them. */
function othersTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function codeOf(name: string, who: string, bundle: PolicyBundle): PluginCode {
  const code = bundle.plugins.find((plugin) => plugin.name === name);
  if (code !== undefined) return code;
  const own = folderPlugins(bundle).map((plugin) => plugin.name);
  const known = own.join(", ") || "none";
  const offered = builtInsText(name, own, bundle.offered ?? []);
  throw new PluginLoadError(name, `${who} uses the plugin ${name}: there are ${known}${offered}`);
}

async function createPlugin(
  code: PluginCode,
  config: Config,
  bundle: PolicyBundle,
  { reactor, shared, engine }: PolicyEnvironment,
  isSuspect: boolean,
): Promise<Plugin> {
  const settings = config.plugins.settings[code.name] ?? null;
  const findsLoopsAlways = config.plugins.findsLoops === true;
  return new Plugin({
    code,
    runtime: bundle.runtime,
    settings,
    grantDeclared: config.plugins.grantDeclared,
    findsLoopsFor: findsLoopsAlways ? Number.POSITIVE_INFINITY : isSuspect ? searchMs : 0,
    maxLimits: config.plugins.maxLimits,
    engine: await engine(engineNameOf(code, settings)),
    routes: config.routes.map(({ name }) => name),
    clusters: config.routes.map(({ cluster }) => cluster),
    reactor,
    shared,
  });
}
