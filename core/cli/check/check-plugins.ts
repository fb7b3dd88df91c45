import { builtInNames, namedBuiltIns, usesPlugins } from "../../config/built-in-plugins.ts";
import { withSecretsOf } from "../../config/mask.ts";
import type { Config } from "../../config/model.ts";
import { catchAllRoute } from "../../config/overrides.ts";
import type { Path } from "../../config/source/value-path.ts";
import { didYouMean } from "../../config/suggest.ts";
import { ConfigPlaces } from "../../control/config-places.ts";
import { placesOf, placesOfFinder } from "../../control/policy-place.ts";
import type { PluginCode, PolicyBundle } from "../../policy/bundle.ts";
import { addBuiltIns } from "../../reload/built-in-bundle.ts";
import { stopBundler } from "../../reload/bundle.ts";
import { codeOf } from "../../reload/bundle-builder.ts";
import { compilePlugin } from "../../reload/compile.ts";
import { compileRuntime } from "../../reload/compile-runtime.ts";
import { findPlugins, type PluginFile } from "../../reload/plugin-files.ts";
import { PluginError, type PluginProblem } from "../../reload/problem.ts";
import { typeCheck } from "../authoring/type-check.ts";
import { inspectPlugins } from "../inspect/inspect-plugins.ts";
import type { FinderMisuse, Misuse, PluginFacts } from "../inspect/inspection.ts";

/** What there is to say of the plugins of a configuration. */
export interface PluginsCheck {
  readonly plugins: readonly PluginFacts[];
  readonly problems: readonly PluginProblem[];
  /** Of compiling, and what could not be found out; they keep nothing from running. */
  readonly warnings: readonly PluginProblem[];
}

/**
 * Compiles the plugins, has TypeScript check them, loads them in their engines, compares them with the
 * configuration and sets them up for it. What is wrong with one does not hide what is wrong with another.
 *
 * @param file that the configuration came from; null: flags alone
 */
export async function checkPlugins(config: Config, file: string | null): Promise<PluginsCheck> {
  if (!usesPlugins(config)) return { plugins: [], problems: [], warnings: [] };
  const { directory } = config.plugins;
  let files: readonly PluginFile[];
  try {
    files = directory === null ? [] : await findPlugins(directory);
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    return { plugins: [], problems: error.problems, warnings: [] };
  }
  const names = files.map(({ name }) => name);
  const [built, typeProblems] = await Promise.all([
    compileAll(files, namedBuiltIns(config, names)),
    typeCheck(files.map(({ path }) => path)),
  ]);
  const found = await inspectPlugins({ config: withRoute(config), bundle: built.bundle, names });
  const places = await ConfigPlaces.of(file);
  return {
    plugins: found.plugins,
    problems: [
      ...built.problems,
      ...typeProblems.filter((problem) => !built.problems.some((other) => isAtSamePlace(problem, other))),
      ...found.problems,
      ...found.plugins.flatMap((plugin) => grantProblems(plugin, places)),
      ...found.misuses.filter(isWrong).map((misuse) => misuseProblem(misuse, config, places)),
      ...found.finderMisuses.filter(isWrong).map((misuse) => finderProblem(misuse, places)),
      ...strangers(config, names, places),
    ],
    warnings: [
      ...built.warnings,
      ...found.misuses.filter(isUntried).map((misuse) => misuseProblem(misuse, config, places)),
      ...found.finderMisuses.filter(isUntried).map((misuse) => finderProblem(misuse, places)),
    ],
  };
}

function isUntried({ kind }: Misuse | FinderMisuse): boolean {
  return kind === "untried";
}

function isWrong(misuse: Misuse | FinderMisuse): boolean {
  return !isUntried(misuse);
}

/** Each by itself: one that cannot be compiled hides nothing of the others. */
async function compileAll(files: readonly PluginFile[], builtIns: readonly string[]) {
  const plugins: PluginCode[] = [];
  const problems: PluginProblem[] = [];
  const warnings: PluginProblem[] = [];
  for (const file of files) {
    try {
      const compiled = await compilePlugin(file);
      plugins.push(codeOf(compiled, file.directory));
      warnings.push(...compiled.warnings);
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      problems.push(...error.problems);
    }
  }
  const own: PolicyBundle = { runtime: await compileRuntime(), plugins, offered: builtInNames() };
  const bundle = await addBuiltIns(own, builtIns);
  await stopBundler();
  return { bundle, problems, warnings };
}

/** A syntax error is told by the bundler and by TypeScript, in different words. */
function isAtSamePlace(a: PluginProblem, b: PluginProblem): boolean {
  return a.file === b.file && a.line === b.line;
}

/** Without a service there are no routes yet; the plugins are looked at as one would run them. */
export function withRoute(config: Config): Config {
  if (config.routes.length > 0) return config;
  return withSecretsOf({ ...config, routes: [catchAllRoute("upstream")] }, config);
}

function grantProblems({ name, file, missing }: PluginFacts, places: ConfigPlaces): PluginProblem[] {
  if (missing.length === 0) return [];
  const message = `the plugin ${name} asks for ${missing.join(", ")}, which is not granted under plugins.settings.${name}.grants`;
  const paths: Path[] = [["plugins", "settings", name, "grants"], ["plugins", "settings", name], ["plugins"]];
  return [places.problem(paths, message, file)];
}

function misuseProblem(misuse: Misuse, config: Config, places: ConfigPlaces): PluginProblem {
  const { route, index, plugin, kind } = misuse;
  const use: Path = ["routes", route, "policies", index];
  const paths =
    kind === "config" ? placesOf({ route, index }, plugin, misuse.message) : [[...use, "plugin"], use];
  const name = config.routes[route]?.name;
  const where = name === undefined ? "" : `route ${name}: `;
  return places.problem(
    paths,
    `${where}${kind === "config" ? `config of ${plugin}: ` : ""}${misuse.message}`,
    plugin,
  );
}

function finderProblem(
  { kind, cluster, plugin, message }: FinderMisuse,
  places: ConfigPlaces,
): PluginProblem {
  const paths: Path[] =
    kind === "config"
      ? placesOfFinder({ cluster }, plugin, message)
      : [["clusters", cluster, "discovery", "plugin"]];
  const of = kind === "config" ? `config of ${plugin}: ` : "";
  return places.problem(paths, `cluster ${cluster}: ${of}${message}`, plugin);
}

/** Settings of plugins that do not exist do nothing: most likely the name is mistyped. */
function strangers(config: Config, own: readonly string[], places: ConfigPlaces): PluginProblem[] {
  const names = [...own, ...builtInNames()];
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
