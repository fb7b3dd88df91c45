/** The plugins of a test as the gateway wants them: their code, and what its config says of them. */
import { isDeepStrictEqual } from "node:util";
import { defaultMaxPluginLimits, noGrants } from "../config/defaults.ts";
import type { Config, PluginSettings, PolicyConfig } from "../config/model.ts";
import type { PolicyBundle } from "../policy/bundle.ts";
import { readLimits } from "../policy/manifest.ts";
import { compileRuntime } from "../reload/compile-runtime.ts";
import { compileEntry } from "./compile-entry.ts";
import { demandEntry } from "./demand-options.ts";
import type { PluginEntry, PluginOptions, TestEngine } from "./types.ts";

export interface PluginSet {
  readonly bundle: PolicyBundle;
  readonly policies: readonly PolicyConfig[];
  readonly finders: readonly (PolicyConfig & { readonly cluster: string })[];
  readonly config: Config["plugins"];
}

/** CPU time of one call, in ms, where a test says nothing. */
const patientCpu = 1000;

/**
 * @param base URL that paths are relative to; null: there is none
 * @param engine null: the default of the runtime
 * @throws PluginError when one cannot be compiled
 */
export async function readPlugins(
  entries: readonly PluginEntry[],
  base: string | null,
  engine: TestEngine | null,
): Promise<PluginSet> {
  const options = entries.map(asOptions);
  for (const entry of options) demandEntry(entry);
  const runtime = compileRuntime();
  runtime.catch(() => {});
  const codes = [];
  for (const entry of options) codes.push(await compileEntry(entry, base));
  const plugins = new Map<string, (typeof codes)[number]>();
  const settings = new Map<string, OwnSettings>();
  for (const [index, code] of codes.entries()) {
    const known = plugins.get(code.name);
    if (known !== undefined && known.hash !== code.hash)
      throw new TypeError(`Cannot use two plugins with the name ${code.name}: give one another name`);
    plugins.set(code.name, code);
    settings.set(code.name, joined(code.name, settings.get(code.name) ?? {}, options[index]!));
  }
  const uses = codes.map(({ name }, index) => {
    const { config = null, discovers = null } = options[index]!;
    return { plugin: name, config, cluster: discovers };
  });
  return {
    bundle: { runtime: await runtime, plugins: [...plugins.values()] },
    policies: uses
      .filter(({ cluster }) => cluster === null)
      .map(({ plugin, config }) => ({ plugin, config })),
    finders: uses.flatMap(({ cluster, ...use }) => (cluster === null ? [] : [{ ...use, cluster }])),
    config: {
      directory: null,
      state: null,
      findsLoops: true,
      grantDeclared: options.every(({ grants }) => grants === undefined),
      maxLimits: defaultMaxPluginLimits,
      settings: Object.fromEntries([...settings].map(([name, own]) => [name, settingsOf(own, engine)])),
    },
  };
}

function asOptions(entry: PluginEntry): PluginOptions {
  if (typeof entry === "string" || entry instanceof URL) return { plugin: entry };
  if (!isPair(entry)) return entry;
  const [plugin, config] = entry;
  return { plugin, config };
}

function isPair(entry: PluginEntry): entry is readonly [string | URL, unknown] {
  return Array.isArray(entry);
}

/** What an operator says of a plugin once, wherever it is used. */
type OwnSettings = Pick<PluginOptions, (typeof ownSettings)[number]>;
const ownSettings = ["engine", "grants", "limits", "onFailure"] as const;

/** @throws TypeError when two entries say different things of one plugin */
function joined(name: string, known: OwnSettings, entry: PluginOptions): OwnSettings {
  const all: Record<string, unknown> = { ...known };
  for (const key of ownSettings) {
    if (entry[key] === undefined) continue;
    if (all[key] !== undefined && !isDeepStrictEqual(all[key], entry[key])) {
      throw new TypeError(
        `Cannot use the plugin ${name} with different ${key}: it has one for all its entries, unless their names differ`,
      );
    }
    all[key] = entry[key];
  }
  return all;
}

function settingsOf(options: OwnSettings, engine: TestEngine | null): PluginSettings {
  const { grants, limits, onFailure } = options;
  return {
    engine: options.engine ?? engine,
    config: null,
    limits: { cpu: patientCpu, ...readLimits(limits) },
    grants: grants === undefined ? noGrants : { ...noGrants, ...grants },
    onFailure: onFailure ?? null,
  };
}
