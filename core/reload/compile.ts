import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import type { BuildFailure, Message, OutputFile } from "esbuild";
import { fileFault } from "../config/source/file-fault.ts";
import { type Bundle, type BundleOptions, BundlerLost, BundleTimeout, bundle } from "./bundle.ts";
import { explain, filesConcerned } from "./explain.ts";
import type { PluginFile } from "./plugin-files.ts";
import { pluginImports } from "./plugin-imports.ts";
import { bundledFiles, linkedNames, packagePaths } from "./plugin-inputs.ts";
import { type Load, leftOutFiles, loadedName, loadWithoutMap, pluginLoads } from "./plugin-loads.ts";
import { pluginFrame } from "./plugin-script.ts";
import { locate, type PluginSource } from "./plugin-source.ts";
import { PluginError, type PluginProblem } from "./problem.ts";

/** A plugin that an engine can load. Plain data: it goes to the data process as JSON. */
export interface CompiledPlugin {
  readonly name: string;
  /** The module it starts from, as `findPlugins` told it. */
  readonly file: string;
  /** One expression, a function `(globals) => exports`. */
  readonly code: string;
  /** Source map of `code`, with the sources; paths are seen from the folder of plugins. */
  readonly map: string;
  /** Of code and map, SHA-256 in base64url: equal when there is nothing to reload. */
  readonly hash: string;
  /**
   * Absolute paths, links resolved, of every file in it, and those by which imports name a file through a link: what a
   * watch has to see.
   */
  readonly inputs: readonly string[];
  /** Absolute paths by which packages are found; they are not watched. */
  readonly packages: readonly string[];
  readonly warnings: readonly PluginProblem[];
}

export interface CompileLimits {
  /** Of the code, in bytes; the source map, which holds all sources, may have four times as many. */
  readonly codeBytes: number;
  readonly inputs: number;
  /** ms */
  readonly time: number;
}

export const compileLimits: CompileLimits = { codeBytes: 5 * 1024 * 1024, inputs: 1000, time: 10_000 };

const result = "$plugin";

/**
 * Bundles a plugin with everything it imports. Never runs any of it. One plugin is compiled at a time.
 *
 * Neither the author's tsconfig nor the host's platform has a say: a plugin means the same everywhere.
 * npm packages come from `node_modules` at or above the plugin, through the export conditions `sluice`,
 * `worker`, `browser`, `import`, `module` and `default`, and in the form that they have for browsers: it needs no
 * modules of Node.
 *
 * @throws PluginError with the author's own places: syntax, imports that cannot be found or must not be, limits
 *
 * @example
 * const [file] = await findPlugins("plugins");
 * const { code, map } = await compilePlugin(file);
 */
export async function compilePlugin(
  file: PluginFile,
  limits: CompileLimits = compileLimits,
): Promise<CompiledPlugin> {
  const source = await locate(file).catch((error: NodeJS.ErrnoException) => {
    throw new PluginError([problemOf(file, `cannot be read: ${error.code ?? fileFault(error)}`)]);
  });
  const built = await build(file, source, limits);
  const inputs = await bundledFiles(source, built.metafile);
  const problems = overLimits(file, built, inputs, limits);
  if (problems.length > 0) throw new PluginError(problems, inputs);
  const code = output(built, ".js").text;
  const map = output(built, ".js.map").text;
  return {
    name: file.name,
    file: file.path,
    code,
    map,
    hash: createHash("sha256").update(code).update("\0").update(map).digest("base64url"),
    inputs: [...inputs, ...(await linkedNames(source, built.metafile))],
    packages: await packagePaths(source, built.metafile),
    warnings: await explain(source, built.warnings),
  };
}

async function build(file: PluginFile, source: PluginSource, limits: CompileLimits): Promise<Bundle> {
  try {
    return await bundleSource(source, limits.time);
  } catch (error) {
    if (error instanceof BundleTimeout) {
      throw new PluginError([problemOf(file, `compiling had ${error.message}`)], [source.entry]);
    }
    if (error instanceof BundlerLost) {
      throw new PluginError([problemOf(file, error.message)], [source.entry]);
    }
    const errors = (error as Partial<BuildFailure>).errors as readonly Message[] | undefined;
    if (errors === undefined || errors.length === 0) throw error;
    throw new PluginError(await explain(source, errors), [source.entry, ...filesConcerned(source, errors)]);
  }
}

/**
 * Files that name a source map are given to esbuild as texts. Those that packages leave out for browsers are to be
 * empty, and which ones they are is known after a build only: when one of them may have been given, a build without
 * texts and maps finds it out.
 */
async function bundleSource(source: PluginSource, time: number): Promise<Bundle> {
  const given = new Set<string>();
  const built = bundle(
    optionsFor(source, async (args) => {
      const loaded = await loadWithoutMap(args);
      if (loaded !== undefined) given.add(loadedName(args));
      return loaded;
    }),
    time,
  );
  const isRight = await built.then(
    ({ metafile }) => !leftOutFiles(source, metafile).some((name) => given.has(name)),
    (error: unknown) => given.size === 0 || error instanceof BundleTimeout || error instanceof BundlerLost,
  );
  if (isRight) return built;
  const { metafile } = await bundle({ ...optionsFor(source, async () => undefined), sourcemap: false }, time);
  const leftOut = new Set(leftOutFiles(source, metafile));
  const load: Load = async (args) =>
    leftOut.has(loadedName(args)) ? { contents: "", loader: "empty" } : loadWithoutMap(args);
  return bundle(optionsFor(source, load), time);
}

function optionsFor(source: PluginSource, load: Load): BundleOptions {
  const { entry, folder, root } = source;
  const { banner, footer } = pluginFrame(result);
  return {
    entryPoints: [entry],
    // Paths in the bundle are seen from here, so that it is the same wherever the folder lies.
    absWorkingDir: folder,
    outfile: join(folder, `${basename(entry)}.bundle.js`),
    bundle: true,
    write: false,
    metafile: true,
    sourcemap: "external",
    sourcesContent: true,
    ...(root === "" ? {} : { sourceRoot: root }),
    platform: "browser",
    conditions: ["sluice", "worker", "module"],
    target: "es2024",
    format: "iife",
    globalName: result,
    banner: { js: banner },
    footer: { js: footer },
    supported: {
      // What cannot be bundled throws inside the plugin and never reaches a loader of the host.
      "dynamic-import": false,
      // QuickJS does not wait for the iterator of a loop that is left early. Lowered, one over an async iterator is as fast in V8.
      "for-await": false,
    },
    define: { "process.env.NODE_ENV": '"production"' },
    loader: { ".html": "text" },
    tsconfigRaw: {},
    charset: "utf8",
    legalComments: "none",
    logLevel: "silent",
    plugins: [pluginImports, pluginLoads(source, load)],
  };
}

/** @param kind how the file's name ends */
function output({ outputFiles }: Bundle, kind: ".js" | ".js.map"): OutputFile {
  return outputFiles.find(({ path }) => path.endsWith(kind))!;
}

function overLimits(
  file: PluginFile,
  built: Bundle,
  inputs: readonly string[],
  limits: CompileLimits,
): PluginProblem[] {
  const found = [
    ["files in the bundle", inputs.length, limits.inputs],
    ["bytes in the bundle", output(built, ".js").contents.length, limits.codeBytes],
    ["bytes in its source map", output(built, ".js.map").contents.length, 4 * limits.codeBytes],
  ] as const;
  return found
    .filter(([, count, most]) => count > most)
    .map(([what, count, most]) => problemOf(file, `${what}: expected at most ${most}, found ${count}`));
}

function problemOf(file: PluginFile, message: string): PluginProblem {
  return { file: file.path, line: 1, column: 1, message, frame: "" };
}
