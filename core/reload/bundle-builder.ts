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
