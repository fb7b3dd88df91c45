import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Metafile } from "esbuild";
import { frameAt } from "../observe/code-frame.ts";
import { sdkEntry } from "./plugin-imports.ts";
import { isInside, type PluginSource, shownPath, systemPath } from "./plugin-source.ts";
import type { PluginProblem } from "./problem.ts";

const code = /\.[cm]?[jt]sx?$/;
const modules = "/node_modules/";

/** Absolute paths of every file of a bundle but the SDK's own. */
export function bundledFiles(source: PluginSource, { inputs }: Metafile): readonly string[] {
  return Object.keys(inputs)
    .map((path) => systemPath(source, path))
    .filter((path) => !isInside(path, dirname(sdkEntry)));
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
