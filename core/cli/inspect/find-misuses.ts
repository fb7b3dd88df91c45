import { builtInsText } from "../../config/built-in-plugins.ts";
import type { Config, PolicyConfig } from "../../config/model.ts";
import { type FinderMisuse, type InspectionOrder, type Misuse, onlyDiscovers } from "./inspection.ts";
import type { Loaded } from "./load-plugin.ts";
import type { Refusal } from "./setup-trial.ts";
import { checkStoreNames } from "./store-names.ts";

type Plugins = ReadonlyMap<string, Loaded>;
/** Is told each plugin before it runs. */
type Begin = (plugin: string) => void;

/** What is wrong with the policies of routes. */
export async function findMisuses(order: InspectionOrder, loaded: Plugins, begin: Begin): Promise<Misuse[]> {
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
      const fault = await configFault(use, plugin, config, begin);
      if (fault !== null) misuses.push({ ...place, ...fault });
    }
  }
  return misuses;
}

/** What is wrong with the discovery of clusters. */
export async function findFinderMisuses(
  order: InspectionOrder,
  loaded: Plugins,
  begin: Begin,
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
    const fault = await configFault(discovery, known, config, begin);
    if (fault !== null) add(fault.kind, fault.message);
  }
  return misuses;
}

function unknownPlugin({ names, bundle }: InspectionOrder, name: string): string {
  const found = `found "${name}"${builtInsText(name, names, bundle.offered ?? [])}`;
  return `expected the name of a plugin, one of ${names.join(", ") || "none"}, ${found}`;
}

/** Null: there is none, or it is told elsewhere. */
async function configFault(
  { plugin, config: own }: PolicyConfig,
  known: Loaded | undefined,
  config: Config,
  begin: Begin,
): Promise<Refusal | null> {
  if (known === undefined) return null;
  begin(plugin);
  let fitting: unknown = null;
  const misfit = await known.trial.refusal(async () => {
    fitting = await known.plugin.configOf(own);
  });
  if (misfit !== null || fitting === null) return misfit;
  const message = unknownStore(known, fitting, config);
  if (message !== null) return { kind: "config", message };
  // Without what it asks for it is not set up in service either.
  if (known.facts.missing.length > 0) return null;
  return known.trial.refusal(() => known.plugin.policy(own));
}

/** Which store of a config there is not; null: there are all. */
function unknownStore({ manifest }: Loaded, config: unknown, { stores }: Config): string | null {
  try {
    checkStoreNames(
      manifest.config,
      config,
      stores.map(({ name }) => name),
    );
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
