import type { Config, PolicyConfig } from "./model.ts";
import { isPluginName, pluginNameExpected } from "./names.ts";
import type { PolicyInFile } from "./schema-plugins.ts";
import type { ConfigSource } from "./source.ts";
import type { Path } from "./value-path.ts";

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

/** Reports routes that name plugins where nothing says in which folder these are. */
export function reportMissingFolder({ plugins, routes }: Config, source: ConfigSource): void {
  if (plugins.directory !== null || source.isFaulty(["plugins"])) return;
  const index = routes.findIndex(({ policies }) => policies !== null && policies.length > 0);
  if (index < 0) return;
  source.report(
    ["routes", index, "policies"],
    "expected plugins.directory in the file, or --plugins DIR, for these policies, found neither",
  );
}
