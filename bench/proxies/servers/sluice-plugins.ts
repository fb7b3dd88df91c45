/**
 * Sluice with a folder of plugins, as its control process would run it: compiles and watches here, proxies in
 * a data process. Its argument is a `PluginRun` as JSON.
 */
import { setTimeout as delay } from "node:timers/promises";
import { defaultPlugins } from "../../../core/config/defaults.ts";
import { parseEndpoint } from "../../../core/config/endpoint.ts";
import { configFromFlags } from "../../../core/config/from-flags.ts";
import type { Config, PluginSettings } from "../../../core/config/model.ts";
import { Supervisor } from "../../../core/control/supervisor.ts";
import { createLogger } from "../../../core/observe/logger.ts";
import type { PluginCode, PolicyBundle } from "../../../core/policy/bundle.ts";
import { compileRuntime } from "../../../core/reload/compile-runtime.ts";
import { createPluginCompiler } from "../../../core/reload/plugin-compiler.ts";
import { findPlugins } from "../../../core/reload/plugin-files.ts";
import { watchPlugins } from "../../../core/reload/plugin-watch.ts";

export interface PluginRun {
  readonly port: number;
  readonly upstreamPort: number;
  /** Folder of plugins; null: none. */
  readonly directory: string | null;
  readonly engine: "isolated-vm" | "quickjs" | "inline";
  /** Of every plugin. */
  readonly config: unknown;
}

const run = JSON.parse(process.argv[2] as string) as PluginRun;
const log = createLogger({ level: "error", pretty: false }, { process: "control" });
const compiler = createPluginCompiler();
let inputs: readonly string[] = [];

async function compile(directory: string): Promise<PolicyBundle> {
  const [runtime, compiled] = await Promise.all([
    compileRuntime(),
    findPlugins(directory).then((files) => Promise.all(files.map((file) => compiler.compile(file)))),
  ]);
  inputs = compiled.flatMap((plugin) => plugin.inputs);
  const plugins = compiled.map(
    ({ name, file, code, map, hash }): PluginCode => ({
      name,
      file,
      script: { code, name: `sluice:plugin/${name}` },
      map,
      folder: "plugins",
      hash,
    }),
  );
  return { runtime, plugins };
}

function configFor(bundle: PolicyBundle | null): Config {
  const upstreams = [parseEndpoint(`http://127.0.0.1:${run.upstreamPort}`)!];
  const listen = { host: "127.0.0.1", port: run.port };
  const settings: PluginSettings = {
    engine: run.engine,
    config: run.config,
    limits: {},
    grants: { fetch: [], kv: true, env: [] },
    onFailure: null,
  };
  const named = (bundle?.plugins ?? []).map(({ name }) => [name, settings]);
  return {
    ...configFromFlags({ upstreams, listen, accessLog: false }),
    plugins: {
      ...defaultPlugins,
      directory: run.directory,
      state: null,
      grantDeclared: true,
      settings: Object.fromEntries(named),
    },
  };
}

async function follow(supervisor: Supervisor, directory: string): Promise<void> {
  let asked = Promise.withResolvers<void>();
  const watch = watchPlugins({
    directory,
    changed: () => asked.resolve(),
    failed: (err) => log.error({ err }, ""),
  });
  watch.update(inputs);
  for (;;) {
    await asked.promise;
    asked = Promise.withResolvers();
    try {
      const bundle = await compile(directory);
      await supervisor.apply(configFor(bundle), bundle);
      watch.update(inputs);
    } catch (err) {
      log.error({ err }, "Reload refused");
    }
  }
}

const bundle = run.directory === null ? null : await compile(run.directory);
const config = configFor(bundle);
const supervisor = new Supervisor(config);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void supervisor.stop().then(() => process.exit(0)));
}
await supervisor.start(log, bundle);
if (run.directory !== null) await follow(supervisor, run.directory);
await delay(2 ** 31 - 1);
