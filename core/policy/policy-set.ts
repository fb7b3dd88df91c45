/** All plugins and policies of one generation. */
import { builtInsText } from "../config/built-in-plugins.ts";
import type { Config, PolicyConfig, RouteConfig } from "../config/model.ts";
import type { Reactor } from "../net/reactor.ts";
import type { Engine, EngineName } from "../sandbox/engine.ts";
import { engineNameOf } from "./built-in.ts";
import { folderPlugins, type PluginCode, type PolicyBundle } from "./bundle.ts";
import type { SharedServices } from "./guest-services.ts";
import { PluginLoadError } from "./load-error.ts";
import { planRoute, type RoutePlan } from "./plan.ts";
import { Plugin } from "./plugin.ts";
import type { PluginReport } from "./plugin-status.ts";

export interface PolicyEnvironment {
  readonly reactor: Reactor;
  readonly shared: SharedServices;
  engine(name: EngineName | null): Promise<Engine>;
}

export class PolicySet {
  /** By number of the route. */
  readonly plans: readonly (RoutePlan | null)[];
  private readonly plugins: readonly Plugin[];

  private constructor(plugins: readonly Plugin[], plans: readonly (RoutePlan | null)[]) {
    this.plugins = plugins;
    this.plans = plans;
  }

  /** Of a config without plugins. */
  static none(config: Config): PolicySet {
    return new PolicySet(
      [],
      config.routes.map(() => null),
    );
  }

  /**
   * Loads every plugin that a route uses into a guest of its own and sets its policies up.
   *
   * @throws PluginLoadError; nothing is left behind then
   */
  static async load(
    config: Config,
    bundle: PolicyBundle,
    environment: PolicyEnvironment,
  ): Promise<PolicySet> {
    const plugins = new Map<string, Plugin>();
    try {
      const plans: (RoutePlan | null)[] = [];
      for (const route of config.routes)
        plans.push(await planFor(route, config, bundle, environment, plugins));
      return new PolicySet([...plugins.values()], plans);
    } catch (error) {
      for (const plugin of plugins.values()) plugin.dispose();
      throw error;
    }
  }

  get readsRequestBodies(): boolean {
    return this.plans.some((plan) => plan?.readsRequestBody === true);
  }

  report(): PluginReport[] {
    return this.plugins.map((plugin) =>
      plugin.status.report(plugin.isQuarantined ? "quarantined" : "ready", plugin.memoryUsed()),
    );
  }

  /** Faults of all plugins so far. */
  get faultCount(): number {
    return this.plugins.reduce((sum, { status }) => sum + status.faultCount, 0);
  }

  /** When the last exchange of the generation is over. */
  async close(): Promise<void> {
    await Promise.all(this.plugins.map((plugin) => plugin.close()));
  }

  dispose(): void {
    for (const plugin of this.plugins) plugin.dispose();
  }
}

async function planFor(
  route: RouteConfig,
  config: Config,
  bundle: PolicyBundle,
  environment: PolicyEnvironment,
  plugins: Map<string, Plugin>,
): Promise<RoutePlan | null> {
  const uses =
    route.policies ?? folderPlugins(bundle).map(({ name }): PolicyConfig => ({ plugin: name, config: null }));
  const policies = [];
  for (const use of uses) {
    let plugin = plugins.get(use.plugin);
    if (plugin === undefined) {
      plugin = await createPlugin(codeOf(use.plugin, route, bundle), config, bundle, environment);
      plugins.set(use.plugin, plugin);
      await plugin.load();
      // Those that are served meanwhile wait for one plugin, not for all of them.
      await new Promise((resolve) => setImmediate(resolve));
    }
    policies.push(await plugin.policy(use.config));
  }
  return planRoute(policies);
}

function codeOf(name: string, route: RouteConfig, bundle: PolicyBundle): PluginCode {
  const code = bundle.plugins.find((plugin) => plugin.name === name);
  if (code !== undefined) return code;
  const own = folderPlugins(bundle).map((plugin) => plugin.name);
  const known = own.join(", ") || "none";
  const offered = builtInsText(name, own, bundle.offered ?? []);
  throw new PluginLoadError(
    name,
    `Route ${route.name} uses the plugin ${name}: there are ${known}${offered}`,
  );
}

async function createPlugin(
  code: PluginCode,
  config: Config,
  bundle: PolicyBundle,
  { reactor, shared, engine }: PolicyEnvironment,
): Promise<Plugin> {
  const settings = config.plugins.settings[code.name] ?? null;
  return new Plugin({
    code,
    runtime: bundle.runtime,
    settings,
    grantDeclared: config.plugins.grantDeclared,
    maxLimits: config.plugins.maxLimits,
    engine: await engine(engineNameOf(code, settings)),
    routes: config.routes.map(({ name }) => name),
    reactor,
    shared,
  });
}
