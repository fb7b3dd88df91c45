import type { Config, PluginSettings } from "../../config/model.ts";
import { Reactor } from "../../net/reactor.ts";
import type { Logger } from "../../observe/log.ts";
import { Metrics } from "../../observe/metrics.ts";
import { decideGrants, engineNameOf } from "../../policy/built-in.ts";
import type { PluginCode } from "../../policy/bundle.ts";
import { PluginLoadError } from "../../policy/load-error.ts";
import type { Manifest } from "../../policy/manifest.ts";
import { Plugin } from "../../policy/plugin.ts";
import type { Engine } from "../../sandbox/engine.ts";
import { engineFor } from "../../sandbox/engines.ts";
import { type ClosedServices, closedServices } from "./closed-services.ts";
import type { InspectionOrder, PluginFacts } from "./inspection.ts";
import { SetupTrial } from "./setup-trial.ts";

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A plugin in its own engine, and what it is. */
export interface Loaded {
  readonly plugin: Plugin;
  readonly facts: PluginFacts;
  readonly manifest: Manifest;
  readonly trial: SetupTrial;
}

/**
 * Loads a plugin as the service would, but with nothing outside in reach.
 *
 * @throws PluginLoadError
 */
export async function loadPlugin(code: PluginCode, order: InspectionOrder): Promise<Loaded> {
  const closed = await closedServices(order.config.stores);
  const plugin = await createPlugin(code, order, closed);
  try {
    await plugin.load();
  } catch (error) {
    plugin.dispose();
    throw error;
  }
  const manifest = plugin.declared!;
  const trial = new SetupTrial(plugin, order.bundle, closed);
  return { plugin, facts: factsOf(plugin, manifest, order.config), manifest, trial };
}

async function createPlugin(
  code: PluginCode,
  { config, bundle }: InspectionOrder,
  { services }: ClosedServices,
): Promise<Plugin> {
  const settings = config.plugins.settings[code.name] ?? null;
  return new Plugin({
    code,
    runtime: bundle.runtime,
    settings,
    // What is not granted is told beside everything else, and not by the first refusal.
    grantDeclared: true,
    maxLimits: config.plugins.maxLimits,
    engine: await engineOf(code, settings),
    routes: config.routes.map(({ name }) => name),
    clusters: config.routes.map(({ cluster }) => cluster),
    reactor: new Reactor(new Metrics(), silent),
    shared: services,
  });
}

async function engineOf(code: PluginCode, settings: PluginSettings | null): Promise<Engine> {
  try {
    return await engineFor(engineNameOf(code, settings));
  } catch (error) {
    throw new PluginLoadError(code.name, (error as Error).message);
  }
}

function factsOf(plugin: Plugin, manifest: Manifest, { plugins }: Config): PluginFacts {
  const { code } = plugin;
  const { engine, description, phases, discovers, onFailure, limits } = plugin.report();
  const settings = plugins.settings[code.name] ?? null;
  const { grants, missing } = decideGrants(code, manifest.capabilities, settings, plugins.grantDeclared);
  return {
    name: code.name,
    file: code.file,
    builtIn: code.builtIn === true,
    engine,
    description,
    phases,
    discovers,
    onFailure: onFailure!,
    limits: limits!,
    maxLimits: { ...plugins.maxLimits, ...settings?.limits },
    capabilities: grants,
    missing,
  };
}
