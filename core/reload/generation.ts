/** One version of everything that is the plugins': their code, and what the config says of them. */
import { createHash } from "node:crypto";
import type { Config, PluginSettings, PolicyConfig } from "../config/model.ts";
import type { PluginCode, PolicyBundle } from "../policy/bundle.ts";
import type { CompiledPlugin } from "./compile.ts";
import { compileRuntime } from "./compile-runtime.ts";
import { createPluginCompiler } from "./plugin-compiler.ts";
import { findPlugins, type PluginFile } from "./plugin-files.ts";
import { PluginError, type PluginProblem } from "./problem.ts";

/** More problems than this help nobody. */
const mostProblems = 50;

/** What became of a folder of plugins. */
export interface BuiltBundle {
  readonly bundle: PolicyBundle;
  /** Absolute paths of what it was made of, for the watch. */
  readonly inputs: readonly string[];
  readonly warnings: readonly PluginProblem[];
}

export interface BundleBuilder {
  /**
   * Compiles the folder's plugins, those that changed since the last call.
   *
   * @throws PluginError with the problems of all plugins
   */
  build(directory: string): Promise<BuiltBundle>;
}

/**
 * Makes bundles of one folder again and again.
 *
 * @example
 * const { bundle, inputs } = await createBundleBuilder().build("plugins");
 */
export function createBundleBuilder(): BundleBuilder {
  const compiler = createPluginCompiler();
  return {
    async build(directory) {
      // Compiled while the plugins are: both wait for the same bundler.
      const runtime = compileRuntime();
      runtime.catch(() => {});
      const files = await findPlugins(directory);
      const compiled = await compileAll(files, (file) => compiler.compile(file));
      return {
        bundle: { runtime: await runtime, plugins: compiled.map((plugin) => codeOf(plugin, directory)) },
        inputs: compiled.flatMap(({ inputs }) => inputs),
        warnings: compiled.flatMap(({ warnings }) => warnings),
      };
    },
  };
}

/** One broken plugin does not hide what is wrong with the next. */
async function compileAll(
  files: readonly PluginFile[],
  compile: (file: PluginFile) => Promise<CompiledPlugin>,
): Promise<CompiledPlugin[]> {
  const results = await Promise.allSettled(files.map(compile));
  const problems: PluginProblem[] = [];
  const inputs: string[] = [];
  for (const result of results) {
    if (result.status === "fulfilled") {
      inputs.push(...result.value.inputs);
      continue;
    }
    if (!(result.reason instanceof PluginError)) throw result.reason;
    problems.push(...result.reason.problems);
    inputs.push(...result.reason.inputs);
  }
  if (problems.length > 0) throw new PluginError(problems.slice(0, mostProblems), inputs);
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

/** A compiled plugin as it goes into a bundle. */
export function codeOf({ name, file, code, map, hash }: CompiledPlugin, folder: string): PluginCode {
  return { name, file, script: { code, name: `sluice:plugin/${name}` }, map, folder, hash };
}

/** What a config says of policies, apart from where plugins are: it comes and goes with their code. */
export interface PolicyPart {
  /** By name of the route. */
  readonly routes: Readonly<Record<string, readonly PolicyConfig[] | null>>;
  readonly settings: Readonly<Record<string, PluginSettings>>;
}

export function policyPart({ routes, plugins }: Config): PolicyPart {
  return {
    routes: Object.fromEntries(routes.map(({ name, policies }) => [name, policies])),
    settings: plugins.settings,
  };
}

/**
 * A config with the policies of another one. What a plugin may reach stays as `config` says: a grant that
 * was taken back does not return with old code. Routes that the other did not have keep their own.
 */
export function withPolicyPart(config: Config, { routes, settings }: PolicyPart): Config {
  const granted = Object.entries(settings).map(([name, old]) => {
    const grants = config.plugins.settings[name]?.grants ?? { fetch: [], kv: false, env: [] };
    return [name, { ...old, grants }] as const;
  });
  return {
    ...config,
    routes: config.routes.map((route) =>
      Object.hasOwn(routes, route.name) ? { ...route, policies: routes[route.name]! } : route,
    ),
    plugins: { ...config.plugins, settings: { ...config.plugins.settings, ...Object.fromEntries(granted) } },
  };
}

/** The same text for the same code with the same config of policies. */
export function generationId(bundle: PolicyBundle | null, config: Config): string {
  const plugins = bundle?.plugins.map(({ name, hash }) => [name, hash]) ?? null;
  const { grantDeclared } = config.plugins;
  const text = JSON.stringify([plugins, policyPart(config), grantDeclared]);
  return createHash("sha256").update(text).digest("base64url");
}
