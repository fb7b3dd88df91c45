import { builtInNames, namedBuiltIns } from "../config/built-in-plugins.ts";
import type { Config } from "../config/model.ts";
import type { PolicyBundle } from "../policy/bundle.ts";
import { addBuiltIns } from "./built-in-bundle.ts";
import { stopBundler } from "./bundle.ts";
import { createBundleBuilder } from "./bundle-builder.ts";

/**
 * Every plugin that a config's routes can name, compiled once: those of its folder and the built-in ones.
 *
 * @throws PluginError with the problems of all plugins
 */
export async function policyBundleFor(config: Config): Promise<PolicyBundle> {
  const { directory } = config.plugins;
  try {
    const folder = directory === null ? null : (await createBundleBuilder().build(directory)).bundle;
    const own = folder?.plugins.map(({ name }) => name) ?? [];
    return { ...(await addBuiltIns(folder, namedBuiltIns(config, own))), offered: builtInNames() };
  } finally {
    await stopBundler();
  }
}
