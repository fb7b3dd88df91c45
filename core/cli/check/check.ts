import { usesPlugins } from "../../config/built-in-plugins.ts";
import { routesWithFaults } from "../../config/fault-text.ts";
import type { Config } from "../../config/model.ts";
import { type ConfigRequest, defaultFile, findDefaultFile, readConfig } from "../config-source.ts";
import { exitCodes } from "../exit-codes.ts";
import type { PluginFacts } from "../inspect/inspection.ts";
import { UsageError } from "../usage-error.ts";

/**
 * `sluice check`: says whether the configuration could be served, without binding a port. Certificates and keys are
 * read and compared, plugins compiled, type-checked and loaded.
 *
 * @throws ConfigError with every problem of the file
 */
export async function check(request: ConfigRequest, env: NodeJS.ProcessEnv): Promise<number> {
  const file = request.file ?? findDefaultFile();
  if (file === null && request.overrides.plugins === undefined) {
    throw new UsageError(`Nothing to check: expected a file or --plugins DIR, found no ${defaultFile} here`);
  }
  const config = await readConfig(file, request.overrides, env);
  const tls = await checkTls(config, file);
  const plugins = await checkPlugins(config, file);
  if (plugins === null) return exitCodes.config;
  if (tls > 0) return exitCodes.failure;
  for (const { route, faults } of routesWithFaults(config))
    process.stderr.write(`warning: ${file}: route ${route} injects faults: ${faults}\n`);
  const { listeners, clusters, routes } = config;
  const served = [count(listeners, "listener"), count(clusters, "cluster"), count(routes, "route")];
  const parts = [
    ...(file === null ? [] : served),
    ...(plugins.length === 0 ? [] : [count(plugins, "plugin")]),
  ];
  process.stdout.write(`${file ?? config.plugins.directory}: valid, ${parts.join(", ") || "no plugins"}\n`);
  return exitCodes.ok;
}

/** @returns how many problems there are */
async function checkTls(config: Config, file: string | null): Promise<number> {
  const { tlsFaults } = await import("./check-tls.ts");
  const faults = tlsFaults(config);
  for (const fault of faults) process.stderr.write(`${file}: ${fault}\n`);
  return faults.length;
}

/** @returns null when something is wrong with the plugins */
async function checkPlugins(config: Config, file: string | null): Promise<readonly PluginFacts[] | null> {
  if (!usesPlugins(config)) return [];
  const { plugins, problems, warnings } = await (await import("./check-plugins.ts")).checkPlugins(
    config,
    file,
  );
  const { describePlugins, reportPluginProblems } = await import("../inspect/report-plugins.ts");
  reportPluginProblems(warnings, process.stderr, "warning: ");
  reportPluginProblems(problems, process.stderr);
  process.stdout.write(describePlugins(plugins));
  return problems.length > 0 ? null : plugins;
}

function count(items: readonly unknown[], noun: string): string {
  return `${items.length} ${noun}${items.length === 1 ? "" : "s"}`;
}
