import { readFile, realpath } from "node:fs/promises";
import { dirname, extname, join, resolve } from "node:path";
import type { Metafile } from "esbuild";
import { frameAt } from "../observe/code-frame.ts";
import { sdkEntry } from "./plugin-imports.ts";
import { isInside, type PluginSource, shownPath, systemPath } from "./plugin-source.ts";
import type { PluginProblem } from "./problem.ts";

const code = /\.[cm]?[jt]sx?$/;
const modules = "/node_modules/";
/** A specifier that names a file or a folder, and no package. */
const namesFile = /^\.{0,2}(\/|$)/;

/** Absolute paths of every file of a bundle but the SDK's own. */
export function bundledFiles(source: PluginSource, { inputs }: Metafile): readonly string[] {
  return Object.keys(inputs)
    .map((path) => systemPath(source, path))
    .filter((path) => !isInside(path, dirname(sdkEntry)));
}

/**
 * Absolute paths by which imports name files that lie elsewhere: through a symbolic link, which may lead to
 * another file next.
 */
export async function linkedNames(source: PluginSource, { inputs }: Metafile): Promise<readonly string[]> {
  const names = Object.entries(inputs).flatMap(([importer, { imports }]) => {
    const folder = dirname(systemPath(source, importer));
    return imports.map(({ path, original }) =>
      original !== undefined && namesFile.test(original)
        ? linkedName(resolve(folder, original), systemPath(source, path))
        : null,
    );
  });
  const found = await Promise.all(names);
  return [...new Set(found)].filter((name) => name !== null);
}

/** Null: the file is where the import says, or is found by another rule of the bundler's. */
async function linkedName(named: string, file: string): Promise<string | null> {
  const extension = extname(file);
  const names = [named, `${named}${extension}`, join(named, `index${extension}`)];
  if (names.includes(file)) return null;
  for (const name of names) {
    if ((await realpath(name).catch(() => null)) === file) return name;
  }
  return null;
}

/**
 * A bundle may hold code from anywhere, but data (JSON, text, bytes) only from the plugin's own folder and
 * from packages: otherwise `import key from "/run/secrets/key" with { type: "text" }` would give a plugin
 * any file that the control process can read, past every capability.
 */
export async function foreignData(
  source: PluginSource,
  metafile: Metafile,
): Promise<readonly PluginProblem[]> {
  const foreign = Object.keys(metafile.inputs).filter((path) => isForeignData(source, metafile, path));
  return Promise.all(foreign.map((path) => refusal(source, metafile, path)));
}

function isForeignData(source: PluginSource, { inputs }: Metafile, path: string): boolean {
  const isCode = code.test(path) && inputs[path]?.with === undefined;
  if (isCode) return false;
  const file = systemPath(source, path);
  return !source.own.some((folder) => isInside(file, folder)) && !isPackageFile(source, file);
}

/** Packages count when they are installed in a folder above the plugin. */
function isPackageFile({ folder }: PluginSource, file: string): boolean {
  const end = file.indexOf(modules);
  return end >= 0 && isInside(folder, file.slice(0, end) || "/");
}

async function refusal(source: PluginSource, { inputs }: Metafile, path: string): Promise<PluginProblem> {
  const message = `data is imported from the plugin's folder and from packages only, found ${systemPath(source, path)}`;
  for (const [importer, { imports }] of Object.entries(inputs)) {
    const written = imports.find((found) => found.path === path)?.original;
    if (written === undefined) continue;
    const file = shownPath(source, importer);
    const text = await readFile(systemPath(source, importer), "utf8").catch(() => "");
    const { line, column } = placeOf(text, written);
    return { file, line, column, message, frame: frameAt(text, line, column) };
  }
  return { file: shownPath(source, source.entry), line: 1, column: 1, message, frame: "" };
}

/** Where a specifier is written; the metafile does not tell. */
function placeOf(text: string, specifier: string): { line: number; column: number } {
  const at = Math.max(0, text.indexOf(`"${specifier}"`), text.indexOf(`'${specifier}'`));
  const before = text.slice(0, at);
  return { line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
}
