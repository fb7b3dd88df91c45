import { builtInNames, builtInsText } from "../built-in-plugins.ts";
import type { Config, PolicyConfig } from "../model.ts";
import { isPluginName, pluginNameExpected } from "../names.ts";
import type { PolicyInFile } from "../schema/plugins.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";

/** The policies of a route; null when it says nothing about them. Whether there are such plugins is not known yet. */
export function resolvePolicies(
  policies: readonly PolicyInFile[] | undefined,
  path: Path,
  source: ConfigSource,
): PolicyConfig[] | null {
  if (policies === undefined) return null;
  return policies.map((written, index) => {
    const isName = typeof written === "string";
    const { plugin, config = null } = isName ? { plugin: written } : written;
    if (!isPluginName(plugin)) {
      source.expect([...path, index, ...(isName ? [] : ["plugin"])], pluginNameExpected, plugin);
    }
    return { plugin, config };
  });
}

/**
 * Reports a route that names a plugin which is not built in, and a cluster that names any, where nothing says in which
 * folder they are.
 */
export function reportMissingFolder({ plugins, routes, clusters }: Config, source: ConfigSource): void {
  if (plugins.directory !== null || source.isFaulty(["plugins"])) return;
  const isStrange = ({ plugin }: PolicyConfig) => !builtInNames().includes(plugin);
  const finder = clusters.find(({ discovery }) => discovery?.kind === "plugin");
  if (finder !== undefined) {
    source.report(
      ["clusters", finder.name, "discovery", "plugin"],
      "expected plugins.directory in the file, or --plugins DIR, for this plugin, found neither",
    );
  }
  const index = routes.findIndex(({ policies }) => policies?.some(isStrange));
  if (index < 0) return;
  const { plugin } = routes[index]!.policies!.find(isStrange)!;
  source.report(
    ["routes", index, "policies"],
    `expected plugins.directory in the file, or --plugins DIR, for these policies, found neither, and "${plugin}" is not built in${builtInsText(plugin, [], builtInNames())}`,
  );
}
