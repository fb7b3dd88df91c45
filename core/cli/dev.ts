import { existsSync } from "node:fs";
import { withSecretsOf } from "../config/mask.ts";
import type { Config } from "../config/model.ts";
import { ConfigError } from "../config/problem.ts";
import { includedFiles, readPlainFile } from "../config/source/included-files.ts";
import { PluginStartError } from "../control/plugins/start-error.ts";
import { pluginFolder } from "./args.ts";
import type { ConfigRequest } from "./config-source.ts";
import { findDefaultFile, readConfig } from "./config-source.ts";
import { startEchoUpstream } from "./echo-upstream.ts";
import { UsageError } from "./usage-error.ts";

/**
 * `sluice dev`: serves as a run does, for someone who writes policies. Plugins are granted what they declare, log
 * lines are for people, and browsers are shown what failed. Without a service, one that echoes is started.
 *
 * @throws UsageError when there is no folder of plugins
 */
export async function dev({ file: named, overrides }: ConfigRequest, env: NodeJS.ProcessEnv): Promise<never> {
  const file = named ?? (overrides.upstreams === undefined ? findDefaultFile() : null);
  const isAlone = file === null && overrides.upstreams === undefined;
  const upstreams = isAlone ? [await startEchoUpstream()] : overrides.upstreams;
  const given = upstreams === undefined ? overrides : { ...overrides, upstreams };
  const read = async () => forAuthors(await readConfig(file, given, env), overrides.pretty ?? true);

  const folder = (await read()).plugins.directory!;
  if (!existsSync(folder)) {
    throw new UsageError(
      `Nothing to develop: expected a folder of plugins, found no ${folder}; "sluice new policy NAME" makes one`,
    );
  }
  process.stdout.write(`For development: every plugin in ${folder} is granted what it declares\n`);
  if (isAlone) process.stdout.write("No --upstream: a service answers that returns what it was sent\n");
  const { runControl } = await import("../control/main.ts");
  for (;;) {
    try {
      process.exit(await runControl({ config: await read(), reload: read, configFile: file }));
    } catch (error) {
      if (!(error instanceof PluginStartError || error instanceof ConfigError)) throw error;
      const inputs = error instanceof PluginStartError ? error.inputs : [];
      const { seen } = await watchForChange(folder, [...inputs, ...configFiles(file)]);
      const places = file === null ? folder : `${folder} or ${file}`;
      process.stderr.write(`${error.message}\nWaiting for a change in ${places}\n`);
      await seen;
    }
  }
}

/**
 * Watches from now on; `seen` resolves when something in the folder, or the text of one of the files, changed and
 * nothing more does.
 */
async function watchForChange(
  directory: string,
  files: readonly string[],
): Promise<{ readonly seen: Promise<void> }> {
  const { watchPlugins } = await import("../reload/plugin-watch.ts");
  const { watchDirectoriesOf } = await import("../net/directory-watcher.ts");
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const before = textOf(files);
  // Beside the files may lie what this writes itself, such as a log: only other texts count.
  const changed = () => {
    if (textOf(files) !== before) resolve();
  };
  const watches = [
    watchPlugins({ directory, changed: resolve, failed: reject }),
    watchDirectoriesOf(files, { changed, failed: reject }),
  ];
  // The watches keep no process alive.
  const alive = setInterval(() => {}, 1 << 30);
  const seen = promise.finally(() => {
    clearInterval(alive);
    for (const watch of watches) watch.close();
  });
  return { seen };
}

/** The config file and those that it takes in. */
function configFiles(file: string | null): string[] {
  return file === null ? [] : [file, ...includedFiles(file, readText(file))];
}

function textOf(files: readonly string[]): string {
  return files.map(readText).join("\0");
}

/** Empty for a file that is not there, and for what is no text to take in. */
function readText(file: string): string {
  try {
    return readPlainFile(file)?.toString() ?? "";
  } catch {
    return "";
  }
}

function forAuthors(config: Config, pretty: boolean): Config {
  const directory = config.plugins.directory ?? pluginFolder;
  const made = {
    ...config,
    plugins: { ...config.plugins, directory, grantDeclared: true, showFailures: true, findsLoops: true },
    log: { ...config.log, pretty },
  };
  return withSecretsOf(made, config);
}
