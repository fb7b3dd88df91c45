import { readFile } from "node:fs/promises";
import type { Config } from "../config/model.ts";
import { catchAllRoute } from "../config/overrides.ts";
import { ConfigSource } from "../config/source.ts";
import { didYouMean } from "../config/suggest.ts";
import { type Path, pathOfPointer } from "../config/value-path.ts";
import { stopBundler } from "../reload/bundle.ts";
import { frameAt } from "../reload/code-frame.ts";
import { createBundleBuilder } from "../reload/generation.ts";
import { findPlugins } from "../reload/plugin-files.ts";
import { PluginError, type PluginProblem } from "../reload/problem.ts";
import { inspectPlugins } from "./inspect-plugins.ts";
import type { Inspection, Misuse, PluginFacts } from "./inspection.ts";
import { typeCheck } from "./type-check.ts";

/** What there is to say of the plugins of a configuration. */
export interface PluginsCheck {
  readonly plugins: readonly PluginFacts[];
  readonly problems: readonly PluginProblem[];
  /** Of compiling; they keep nothing from running. */
  readonly warnings: readonly PluginProblem[];
}

/**
 * Compiles the plugins, has TypeScript check them, loads them in their engines and compares them with the
 * configuration. What is wrong with one does not hide what is wrong with another.
 *
 * @param file that the configuration came from; null: flags alone
 */
export async function checkPlugins(config: Config, file: string | null): Promise<PluginsCheck> {
  const { directory } = config.plugins;
  if (directory === null) return { plugins: [], problems: [], warnings: [] };
  const [built, typeProblems] = await Promise.all([compile(directory), checkTypes(directory)]);
  const places = await ConfigPlaces.of(file);
  const { plugins, problems, misuses } =
    built.bundle === null
      ? nothing
      : await inspectPlugins({ config: withRoute(config), bundle: built.bundle });
  return {
    plugins,
    problems: withoutTwins([
      ...built.problems,
      ...typeProblems,
      ...problems,
      ...plugins.flatMap((plugin) => grantProblems(plugin, places)),
      ...misuses.map((misuse) => misuseProblem(misuse, config, places)),
      ...strangers(config, built.names, places),
    ]),
    warnings: built.warnings,
  };
}

const nothing: Inspection = { plugins: [], problems: [], misuses: [] };

async function compile(directory: string) {
  const names = await findPlugins(directory).then(
    (files) => files.map(({ name }) => name),
    () => null,
  );
  try {
    const { bundle, warnings } = await createBundleBuilder().build(directory);
    return { bundle, warnings, problems: [], names };
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    return { bundle: null, warnings: [], problems: error.problems, names };
  } finally {
    await stopBundler();
  }
}

async function checkTypes(directory: string): Promise<readonly PluginProblem[]> {
  const files = await findPlugins(directory).catch(() => []);
  return typeCheck(files.map(({ path }) => path));
}

/** Without a service there are no routes yet; the plugins are looked at as one would run them. */
function withRoute(config: Config): Config {
  return config.routes.length > 0 ? config : { ...config, routes: [catchAllRoute("upstream")] };
}

/** A syntax error is told by the bundler and by TypeScript, in different words at the same place. */
function withoutTwins(problems: readonly PluginProblem[]): PluginProblem[] {
  const places = new Set<string>();
  return problems.filter(({ file, line, column, message }) => {
    const place = `${file}:${line}:${column}${column === 1 ? message : ""}`;
    const isNew = !places.has(place);
    places.add(place);
    return isNew;
  });
}

function grantProblems({ name, file, missing }: PluginFacts, places: ConfigPlaces): PluginProblem[] {
  if (missing.length === 0) return [];
  const message = `the plugin ${name} asks for ${missing.join(", ")}, which is not granted under plugins.settings.${name}.grants`;
  const paths: Path[] = [
    ["plugins", "settings", name, "grants"],
    ["plugins", "settings", name],
  ];
  return [places.problem(paths, message, file)];
}

function misuseProblem(misuse: Misuse, config: Config, places: ConfigPlaces): PluginProblem {
  const { route, index, plugin, kind } = misuse;
  const use: Path = ["routes", route, "policies", index];
  const inside = pathOfPointer(/^config(\/\S*)? /.exec(misuse.message)?.[1] ?? "");
  const paths: Path[] =
    kind === "config"
      ? [
          [...use, "config", ...inside],
          [...use, "config"],
          ["plugins", "settings", plugin, "config", ...inside],
          ["plugins", "settings", plugin, "config"],
          use,
        ]
      : [[...use, "plugin"], use];
  const name = config.routes[route]?.name;
  const where = name === undefined ? "" : `route ${name}: `;
  return places.problem(
    paths,
    `${where}${kind === "config" ? `config of ${plugin}: ` : ""}${misuse.message}`,
    plugin,
  );
}

/** Settings of plugins that do not exist do nothing: most likely the name is mistyped. */
function strangers(config: Config, names: readonly string[] | null, places: ConfigPlaces): PluginProblem[] {
  if (names === null) return [];
  return Object.keys(config.plugins.settings)
    .filter((name) => !names.includes(name))
    .map((name) =>
      places.problem(
        [["plugins", "settings", name]],
        `no plugin is called "${name}"${didYouMean(name, names)}`,
        name,
      ),
    );
}

/** Where things stand in the config file. */
class ConfigPlaces {
  private readonly source: ConfigSource | null;
  private readonly text: string;

  private constructor(source: ConfigSource | null, text: string) {
    this.source = source;
    this.text = text;
  }

  static async of(file: string | null): Promise<ConfigPlaces> {
    if (file === null) return new ConfigPlaces(null, "");
    const text = await readFile(file, "utf8");
    return new ConfigPlaces(new ConfigSource(file, text, {}), text);
  }

  /**
   * @param paths the first one that the file holds is the place
   * @param otherwise the file that is named when it holds none
   */
  problem(paths: readonly Path[], message: string, otherwise: string): PluginProblem {
    for (const path of paths) {
      const place = this.source?.placeOf(path) ?? null;
      if (place === null) continue;
      return {
        file: this.source!.file,
        ...place,
        message,
        frame: frameAt(this.text, place.line, place.column),
      };
    }
    return { file: this.source?.file ?? otherwise, line: 1, column: 1, message, frame: "" };
  }
}
