import { checkPatterns } from "../../../sdk/runtime/config-patterns.ts";
import { builtInsText } from "../../config/built-in-plugins.ts";
import type { Config, PolicyConfig } from "../../config/model.ts";
import { loadProblem } from "../../data/load-problem.ts";
import { sharedServices } from "../../data/shared-services.ts";
import { Reactor } from "../../net/reactor.ts";
import type { Logger } from "../../observe/log.ts";
import { Metrics } from "../../observe/metrics.ts";
import { decideGrants, engineNameOf } from "../../policy/built-in.ts";
import type { PluginCode } from "../../policy/bundle.ts";
import { PluginLoadError } from "../../policy/load-error.ts";
import type { Manifest } from "../../policy/manifest.ts";
import { Plugin } from "../../policy/plugin.ts";
import { checkPolicyConfig } from "../../policy/policy-config.ts";
import type { PluginProblem } from "../../reload/problem.ts";
import { engineFor } from "../../sandbox/engines.ts";
import {
  type FinderMisuse,
  type Inspection,
  type InspectionOrder,
  type Misuse,
  onlyDiscovers,
  type PluginFacts,
} from "./inspection.ts";
import { checkStoreNames } from "./store-names.ts";

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

interface Loaded {
  readonly code: PluginCode;
  readonly facts: PluginFacts;
  readonly manifest: Manifest;
}

/**
 * Loads every plugin in its own engine, asks what it is, and compares that with the configuration. `setup` is not
 * run: it may need what only the place of service has.
 *
 * @param loading is told each plugin before its code runs
 */
export async function inspect(
  order: InspectionOrder,
  loading: (plugin: string) => void,
): Promise<Inspection> {
  const loaded = new Map<string, Loaded>();
  const problems: PluginProblem[] = [];
  for (const code of order.bundle.plugins) {
    loading(code.name);
    try {
      loaded.set(code.name, await load(code, order));
    } catch (error) {
      if (!(error instanceof PluginLoadError)) throw error;
      problems.push(loadProblem(error, order.bundle)!);
    }
  }
  return {
    plugins: [...loaded.values()].map(({ facts }) => facts),
    problems,
    misuses: await findMisuses(order, loaded),
    finderMisuses: await findFinderMisuses(order, loaded),
  };
}

async function load(code: PluginCode, { config, bundle }: InspectionOrder): Promise<Loaded> {
  const settings = config.plugins.settings[code.name] ?? null;
  const engine = await engineFor(engineNameOf(code, settings));
  const plugin = new Plugin({
    code,
    runtime: bundle.runtime,
    settings,
    // What is not granted is told beside everything else, and not by the first refusal.
    grantDeclared: true,
    maxLimits: config.plugins.maxLimits,
    engine,
    routes: [],
    clusters: [],
    reactor: new Reactor(new Metrics(), silent),
    shared: sharedServices(),
  });
  try {
    await plugin.load();
    const manifest = plugin.declared!;
    return { code, facts: factsOf(plugin, manifest, config), manifest };
  } finally {
    plugin.dispose();
  }
}

function factsOf({ code, status }: Plugin, manifest: Manifest, { plugins }: Config): PluginFacts {
  const { engine, description, phases, discovers, onFailure, limits } = status.report("ready", 0);
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

async function findMisuses(order: InspectionOrder, loaded: ReadonlyMap<string, Loaded>): Promise<Misuse[]> {
  const { config, names, bundle } = order;
  const misuses: Misuse[] = [];
  const known = new Set([...names, ...bundle.plugins.map(({ name }) => name)]);
  for (const [route, { policies }] of config.routes.entries()) {
    const uses = policies ?? names.map((plugin): PolicyConfig => ({ plugin, config: null }));
    for (const [index, use] of uses.entries()) {
      const place = { route, index, plugin: use.plugin };
      if (!known.has(use.plugin)) {
        misuses.push({ kind: "unknown plugin", ...place, message: unknownPlugin(order, use.plugin) });
        continue;
      }
      const plugin = loaded.get(use.plugin);
      if (policies === null && plugin !== undefined && onlyDiscovers(plugin.facts)) continue;
      const fault = await configFault(use, plugin, config);
      if (fault !== null) misuses.push({ kind: "config", ...place, message: fault });
    }
  }
  return misuses;
}

async function findFinderMisuses(
  order: InspectionOrder,
  loaded: ReadonlyMap<string, Loaded>,
): Promise<FinderMisuse[]> {
  const { config, names } = order;
  const misuses: FinderMisuse[] = [];
  for (const { name: cluster, discovery } of config.clusters) {
    if (discovery?.kind !== "plugin") continue;
    const { plugin } = discovery;
    const known = loaded.get(plugin);
    const add = (kind: FinderMisuse["kind"], message: string) =>
      void misuses.push({ kind, cluster, plugin, message });
    if (!names.includes(plugin)) add("unknown plugin", unknownPlugin(order, plugin));
    if (known?.facts.discovers === false)
      add("no discover", `expected a plugin with discover, found "${plugin}"`);
    const fault = await configFault(discovery, known, config);
    if (fault !== null) add("config", fault);
  }
  return misuses;
}

function unknownPlugin({ names, bundle }: InspectionOrder, name: string): string {
  const found = `found "${name}"${builtInsText(name, names, bundle.offered ?? [])}`;
  return `expected the name of a plugin, one of ${names.join(", ") || "none"}, ${found}`;
}

/** Null: there is none, or the plugin could not be loaded, which is told elsewhere. */
async function configFault(
  { plugin, config: own }: PolicyConfig,
  known: Loaded | undefined,
  { plugins, stores }: Config,
): Promise<string | null> {
  if (known === undefined) return null;
  const written = own ?? plugins.settings[plugin]?.config ?? null;
  const schema = known.manifest.config;
  try {
    const config = await checkPolicyConfig(schema, written);
    // The expressions of other plugins run in their guests, which they may keep busy.
    if (known.code.builtIn) checkPatterns(schema, config);
    checkStoreNames(
      schema,
      config,
      stores.map(({ name }) => name),
    );
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
