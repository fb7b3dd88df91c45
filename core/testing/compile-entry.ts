import { existsSync } from "node:fs";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, isAbsolute, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { builtInEntry, builtInNames, builtInsText } from "../config/built-in-plugins.ts";
import { isPluginName } from "../config/names.ts";
import type { PluginCode } from "../policy/bundle.ts";
import { compileBuiltIn } from "../reload/built-in-bundle.ts";
import { type CompiledPlugin, compilePlugin } from "../reload/compile.ts";
import { createPluginCompiler } from "../reload/plugin-compiler.ts";
import { type PluginFile, pluginFileAt } from "../reload/plugin-files.ts";
import { PluginError } from "../reload/problem.ts";
import type { PluginOptions } from "./types.ts";

/** All tests of a program share what was compiled. */
const compiler = createPluginCompiler();
const inline = new Map<string, CompiledPlugin>();

/**
 * Compiles what an entry of a test names.
 *
 * @param base URL that paths are relative to; null: there is none
 * @throws PluginError with the author's own places
 */
export async function compileEntry(entry: PluginOptions, base: string | null): Promise<PluginCode> {
  const { plugin, source, name } = entry;
  if ((plugin === undefined) === (source === undefined))
    throw new TypeError("Cannot use a plugin: expected either a file in plugin or a text in source");
  if (source !== undefined) return codeOf(await compileText(source, name ?? "plugin"), "");
  const builtIn = builtInOf(plugin!, base);
  if (builtIn !== null) return { ...(await compileBuiltIn(builtIn)), name: name ?? builtIn };
  refuseUnknownName(plugin!, base);
  const found = pluginFileAt(shortPath(fileURLToPath(resolveFile(plugin!, base))));
  const file: PluginFile = { ...found, name: name ?? found.name };
  return codeOf({ ...(await compiler.compile(file)), name: file.name }, file.directory);
}

/** The built-in plugin that is meant, by its name or its module; null: it is none. */
function builtInOf(plugin: string | URL, base: string | null): string | null {
  if (typeof plugin === "string" && builtInNames().includes(plugin)) return plugin;
  const path = fileURLToPath(resolveFile(plugin, base));
  return builtInNames().find((name) => builtInEntry(name) === path) ?? null;
}

/** A name alone is that of a built-in plugin, unless there is such a file. */
function refuseUnknownName(plugin: string | URL, base: string | null): void {
  if (typeof plugin !== "string" || !isPluginName(plugin) || /\.[cm]?[jt]s$/.test(plugin)) return;
  if (base !== null && existsSync(resolveFile(plugin, base))) return;
  const names = builtInNames();
  throw new TypeError(
    `Cannot find the plugin ${plugin}: it is no file, and none that is built in${builtInsText(plugin, [], names)}`,
  );
}

function resolveFile(file: string | URL, base: string | null): URL {
  if (file instanceof URL || file.startsWith("file:")) return new URL(file);
  if (isAbsolute(file)) return pathToFileURL(file);
  if (base === null)
    throw new TypeError(`Cannot find ${file}: give testGateway the option from: import.meta.url`);
  return new URL(file, base);
}

/** Seen from where the test runs, as people write it. */
function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short;
}

async function compileText(source: string, name: string): Promise<CompiledPlugin> {
  const key = `${name}\0${source}`;
  const known = inline.get(key);
  if (known !== undefined) return known;
  const directory = await realpath(await mkdtemp(join(tmpdir(), "sluice-test-")));
  try {
    const path = join(directory, `${name}.ts`);
    await writeFile(path, source);
    const compiled = { ...(await compilePlugin({ name, path, directory })), file: `${name}.ts` };
    inline.set(key, compiled);
    return compiled;
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    throw new PluginError(error.problems.map((problem) => ({ ...problem, file: basename(problem.file) })));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function codeOf({ name, file, code, map, hash }: CompiledPlugin, folder: string): PluginCode {
  return { name, file, script: { code, name: `sluice:plugin/${name}` }, map, folder, hash };
}
