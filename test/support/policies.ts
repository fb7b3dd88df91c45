import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import { defaultMaxPluginLimits, noGrants } from "../../core/config/defaults.ts";
import type { Address, Config, PluginSettings } from "../../core/config/model.ts";
import type { StoreConfig } from "../../core/config/store-model.ts";
import { remoteStores } from "../../core/data/open-store.ts";
import { StoreMetrics } from "../../core/observe/store-metrics.ts";
import type { PluginCode, PolicyBundle } from "../../core/policy/bundle.ts";
import type { SharedServices } from "../../core/policy/guest/services.ts";
import { compilePlugin } from "../../core/reload/compile.ts";
import { compileRuntime } from "../../core/reload/compile-runtime.ts";
import { findPlugins } from "../../core/reload/plugin-files.ts";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { engineFor } from "../../core/sandbox/engines.ts";
import { type HostClock, systemClock } from "../../core/sandbox/host/basic.ts";
import { memoryStores } from "../../core/store/stores.ts";
import { type RecordingLog, recordingLog } from "../net/recording-log.ts";
import { type GatewaySettings, startGateway, type TestGateway } from "./gateway.ts";

/** Texts of plugins by file name; requests see them in the order of the names. */
export type PluginTexts = Readonly<Record<string, string>>;

export interface PolicySettings extends GatewaySettings {
  readonly plugins: PluginTexts;
  /** Default: that of the runtime. */
  readonly engine?: EngineName;
  /** By name of the plugin. */
  readonly settings?: Readonly<Record<string, Partial<PluginSettings>>>;
  /** Whether plugins get what they declare. Default: true. */
  readonly grantDeclared?: boolean;
  /** Variables that plugins may be granted. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: that of the system. */
  readonly clock?: HostClock;
  /** Stores that machines share, in the config's place. */
  readonly stores?: readonly StoreConfig[];
  /** The config that the gateway gets in the place of this one. */
  readonly config?: (config: Config) => Config;
  /** What the gateway gets in the place of the compiled plugins. */
  readonly bundle?: (own: PolicyBundle) => Promise<PolicyBundle>;
}

/** A line that a plugin logged. */
export interface PluginLine {
  readonly plugin: string;
  readonly level: string;
  readonly message: string;
  readonly fields: object;
}

export interface PolicyGateway extends TestGateway {
  /** What plugins logged, in order. */
  readonly lines: readonly PluginLine[];
  /** `counter plugin name value`, in order. */
  readonly counts: readonly string[];
  readonly storeMetrics: StoreMetrics;
  /** What was said of stores. */
  readonly storeLog: RecordingLog;
  /** The config that it started with. */
  readonly config: Config;
}

/**
 * A machine under the load of other tests stops a thread for longer than a plugin may run: only the tests of
 * that limit have it as it is.
 */
const patientLimits = { cpu: 2000 };

/** Runs a gateway with plugins in front of the endpoints, in this process, until the test ends. */
export async function startPolicyGateway(
  t: Test,
  endpoints: Address | readonly Address[],
  settings: PolicySettings,
): Promise<PolicyGateway> {
  const lines: PluginLine[] = [];
  const counts: string[] = [];
  const clock = settings.clock ?? systemClock;
  const storeMetrics = new StoreMetrics();
  const storeLog = recordingLog();
  const shared: SharedServices = {
    remotes: remoteStores(storeMetrics, () => storeLog),
    clock,
    ...memoryStores(() => clock.now()),
    environment: (names) => pick(settings.environment ?? {}, names),
    outbound: null,
    metrics: { add: (kind, plugin, name, value) => void counts.push(`${kind} ${plugin} ${name} ${value}`) },
    onLogLine: (plugin, level, message, fields) => void lines.push({ plugin, level, message, fields }),
  };
  const own = await compileBundle(settings.plugins);
  const bundle = (await settings.bundle?.(own)) ?? own;
  let config: Config | null = null;
  const gateway = await startGateway(t, endpoints, settings, {
    bundle,
    policyServices: { engine: engineFor, shared },
    change(base) {
      const changed = { ...base, stores: settings.stores ?? [], plugins: pluginsConfig(bundle, settings) };
      config = settings.config?.(changed) ?? changed;
      return config;
    },
  });
  return { ...gateway, lines, counts, config: config!, storeMetrics, storeLog };
}

const compiled = new Map<string, Promise<PolicyBundle>>();

/** Compiles plugins as the control process does; the same texts are compiled once. */
export function compileBundle(plugins: PluginTexts): Promise<PolicyBundle> {
  const key = JSON.stringify(plugins);
  let bundle = compiled.get(key);
  if (bundle === undefined) {
    bundle = compileTexts(plugins);
    compiled.set(key, bundle);
  }
  return bundle;
}

async function compileTexts(plugins: PluginTexts): Promise<PolicyBundle> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "sluice-policies-")));
  try {
    for (const [name, text] of Object.entries(plugins)) writeFileSync(join(folder, name), text);
    const codes: PluginCode[] = [];
    for (const file of await findPlugins(folder)) {
      const { name, code, map, hash } = await compilePlugin(file);
      const script = { name: `sluice:plugin/${name}`, code };
      codes.push({ name, file: file.path.slice(folder.length + 1), script, map, folder: "plugins", hash });
    }
    return { runtime: await compileRuntime(), plugins: codes };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function pluginsConfig(bundle: PolicyBundle, settings: PolicySettings): Config["plugins"] {
  const settingsOf = (name: string): PluginSettings => {
    const own = settings.settings?.[name];
    return {
      engine: settings.engine ?? null,
      config: null,
      grants: noGrants,
      onFailure: null,
      ...own,
      limits: { ...patientLimits, ...own?.limits },
    };
  };
  return {
    directory: "plugins",
    state: null,
    grantDeclared: settings.grantDeclared ?? true,
    maxLimits: defaultMaxPluginLimits,
    settings: Object.fromEntries(bundle.plugins.map(({ name }) => [name, settingsOf(name)])),
  };
}

function pick(values: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
}
