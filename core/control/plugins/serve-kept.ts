import type { Config } from "../../config/model.ts";
import type { PolicyBundle } from "../../policy/bundle.ts";
import { withPolicyPart } from "../../reload/generation.ts";
import { isAboutPlugins, problemsOf } from "../reload-problem.ts";
import type { BundleSource } from "./bundle-source.ts";
import type { LastGood } from "./last-good.ts";
import { PluginStartError } from "./start-error.ts";

/** What is served, and what starting that came to. */
export interface ServedKept<Result> {
  readonly config: Config;
  readonly bundle: PolicyBundle;
  readonly result: Result;
}

/**
 * Starts the data process with the plugins that were kept: with the config as it is now; where that does not fit the
 * old code, with the policies of then.
 *
 * @throws PluginStartError when neither can be used
 */
export async function serveKept<Result>(
  { plugins, policies }: LastGood,
  config: Config,
  source: BundleSource,
  serve: (config: Config, bundle: PolicyBundle) => Promise<Result>,
): Promise<ServedKept<Result>> {
  const { compileRuntime } = await import("../../reload/compile-runtime.ts");
  const kept = { runtime: await compileRuntime(), plugins };
  const attempt = async (config: Config): Promise<ServedKept<Result>> => {
    const bundle = (await source.withBuiltIns(kept, config))!;
    return { config, bundle, result: await serve(config, bundle) };
  };
  try {
    return await attempt(config);
  } catch (error) {
    if (!isAboutPlugins(error)) throw error;
  }
  try {
    return await attempt(withPolicyPart(config, policies));
  } catch (error) {
    throw isAboutPlugins(error) ? new PluginStartError(problemsOf(error), source.inputs) : error;
  }
}
