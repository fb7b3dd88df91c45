/** A start where the plugins of the folder cannot be used: those that were kept last are served. */
import type { Config } from "../../config/model.ts";
import type { Logger } from "../../observe/log.ts";
import type { PolicyBundle } from "../../policy/bundle.ts";
import { codeId, generationId } from "../../reload/generation.ts";
import { isAboutPlugins, logFields, problemsOf, type ReloadProblem } from "../reload-problem.ts";
import type { BundleSource } from "./bundle-source.ts";
import type { KeptPlugins } from "./kept-plugins.ts";
import type { LastGood, RejectedGeneration } from "./last-good.ts";
import { type ServedOlder, serveOlder, tellRoutes, withOlderPart } from "./serve-older.ts";
import { PluginStartError } from "./start-error.ts";

export interface KeptStartOptions {
  readonly config: Config;
  readonly kept: KeptPlugins;
  readonly source: BundleSource;
  readonly log: Logger;
}

type Serve<Result> = (config: Config, bundle: PolicyBundle | null) => Promise<Result>;

/**
 * What was rolled back before this start has not become better by it.
 *
 * @returns what was rolled back, when these plugins are that; null: they may be served
 */
export async function rejectedBefore(
  bundle: PolicyBundle | null,
  { config, kept }: KeptStartOptions,
): Promise<RejectedGeneration | null> {
  const rejected = await kept.rejected(config.plugins);
  // A start is on no probation: code does not come back in it beside another config either.
  const isSame = rejected?.code === codeId(bundle) || rejected?.id === generationId(bundle, config);
  return isSame ? rejected : null;
}

/**
 * @param problems why those of the folder cannot be used
 * @param serve starts the data process
 * @throws PluginStartError that names every problem when nothing that was kept can be used
 */
export async function serveKept<Result>(
  problems: readonly ReloadProblem[],
  options: KeptStartOptions,
  serve: Serve<Result>,
): Promise<ServedOlder<Result>> {
  const { config, kept, source, log } = options;
  const state = await kept.load(config.plugins);
  if (state === null) throw new PluginStartError(problems, source.inputs);
  for (const problem of problems) log.error(logFields(problem), "Plugins refused");
  const served = await serveState(state, options, serve);
  log.warn(
    { savedAt: new Date(state.savedAt).toISOString(), plugins: state.plugins.map(({ name }) => name) },
    "The last good plugins are served until those of the folder can be used",
  );
  tellRoutes(config, served.config, log);
  return served;
}

async function serveState<Result>(
  { plugins, policies }: LastGood,
  { config, source }: KeptStartOptions,
  serve: Serve<Result>,
): Promise<ServedOlder<Result>> {
  const { compileRuntime } = await import("../../reload/compile-runtime.ts");
  const folder = { runtime: await compileRuntime(), plugins };
  try {
    return await serveOlder(folder, [config, withOlderPart(config, policies, folder)], source, serve);
  } catch (error) {
    throw isAboutPlugins(error) ? new PluginStartError(problemsOf(error), source.inputs) : error;
  }
}
