import type { Config } from "../../config/model.ts";
import type { Logger } from "../../observe/log.ts";
import type { PolicyBundle } from "../../policy/bundle.ts";
import { type PolicyPart, routesThatDiffer, withPolicyPart } from "../../reload/generation.ts";
import { isAboutPlugins } from "../reload-problem.ts";
import type { BundleSource } from "./bundle-source.ts";

/** What is served, and what putting it in force came to. */
export interface ServedOlder<Result> {
  readonly config: Config;
  readonly bundle: PolicyBundle | null;
  readonly result: Result;
}

/**
 * Puts older plugins of the folder in force, with the first of the configs that fits them.
 *
 * @param serve puts both in force, or throws
 * @throws what it threw for the last of the configs
 */
export async function serveOlder<Result>(
  folder: PolicyBundle | null,
  [config, ...others]: readonly [Config, ...Config[]],
  source: BundleSource,
  serve: (config: Config, bundle: PolicyBundle | null) => Promise<Result>,
): Promise<ServedOlder<Result>> {
  try {
    const bundle = await source.withBuiltIns(folder, config);
    return { config, bundle, result: await serve(config, bundle) };
  } catch (error) {
    const [next, ...rest] = others;
    if (next === undefined || !isAboutPlugins(error)) throw error;
    return serveOlder(folder, [next, ...rest], source, serve);
  }
}

/** The config with what was said of older plugins of the folder then. */
export function withOlderPart(config: Config, policies: PolicyPart, folder: PolicyBundle | null): Config {
  return withPolicyPart(config, policies, new Set(folder?.plugins.map(({ name }) => name)));
}

/** @param served the config that is in force in the place of the one that is wanted */
export function tellRoutes(wanted: Config, served: Config, log: Logger): void {
  const routes = routesThatDiffer(wanted, served);
  if (routes.length === 0) return;
  log.error({ routes }, "Routes have the policies that older plugins had, not those of the config");
}
