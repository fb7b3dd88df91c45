import type { Stats } from "node:fs";
import { readdir, readlink, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { builtInFolder, builtInNames } from "../config/built-in-plugins.ts";
import { fileFault } from "../config/source/file-fault.ts";
import { PluginError, type PluginProblem } from "./problem.ts";

/** One plugin as it lies in the folder. */
export interface PluginFile {
  /** The file or folder name without extension and order number: `10-tenant.ts` is `tenant`. */
  readonly name: string;
  /** Of the module to start from, below `directory` as the operator wrote it. */
  readonly path: string;
  /** The folder of plugins. */
  readonly directory: string;
}

/** Far more than anyone has; a folder with more was named by mistake. */
const mostPlugins = 500;
const moduleName = /^[^._].*\.(?:ts|mts|js)$/;
const otherModule = /\.(?:test|d)\.[a-z]+$/;
const pluginName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const indexNames = ["index.ts", "index.mts", "index.js"];

/**
 * The plugins of a folder, in the order of their file names (by code units): every `*.ts`, `*.mts` and
 * `*.js` directly in it and every `NAME/index.ts`. Tests (`*.test.*`), type declarations, `node_modules`
 * and names that begin with `_` or `.` are none. Symbolic links are followed, as Kubernetes mounts need.
 *
 * @throws PluginError when the folder or what is in it cannot be read, two plugins have one name, a name is none,
 *   a link leads nowhere, a module is no file, or there are more than 500: a policy never disappears silently
 *
 * @example
 * await findPlugins("plugins");
 * // [{ name: "tenant", path: "plugins/10-tenant.ts", directory: "plugins" }]
 */
export async function findPlugins(directory: string): Promise<readonly PluginFile[]> {
  const found: PluginFile[] = [];
  const problems: PluginProblem[] = [];
  const inputs: string[] = [];
  for (const entry of await candidates(directory)) {
    try {
      const path = await entryModule(join(directory, entry));
      if (path !== null) found.push({ name: nameOf(entry), path, directory });
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      problems.push(...error.problems);
      inputs.push(...error.inputs);
    }
  }
  if (found.length > mostPlugins) {
    problems.push(problem(directory, `${found.length} plugins, expected at most ${mostPlugins}`));
  }
  problems.push(...nameProblems(found));
  if (problems.length > 0) throw new PluginError(problems, inputs);
  return found;
}

/**
 * The plugin that starts with a module, wherever that lies; nothing is looked at.
 *
 * @throws PluginError when its name is none
 *
 * @example
 * pluginFileAt("plugins/tenant/index.ts");
 * // { name: "tenant", path: "plugins/tenant/index.ts", directory: "plugins" }
 */
export function pluginFileAt(path: string): PluginFile {
  const entry = indexNames.includes(basename(path)) ? dirname(path) : path;
  const file = { name: nameOf(basename(entry)), path, directory: dirname(entry) };
  const problems = nameProblems([file]);
  if (problems.length > 0) throw new PluginError(problems);
  return file;
}

/** Whether an entry of the folder, by its name alone, may be a plugin or hold one. */
export function mayBePlugin(name: string): boolean {
  return moduleName.test(name) ? !otherModule.test(name) : /^[^._]/.test(name) && name !== "node_modules";
}

async function candidates(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory);
    // In a checkout of this project `plugins` is also where `sluice new policy` writes: what is built in is named.
    const builtIns = resolve(directory) === resolve(builtInFolder) ? builtInNames() : [];
    const isOwn = (name: string) => mayBePlugin(name) && !builtIns.includes(name);
    return entries.filter(isOwn).sort((a, b) => (a < b ? -1 : 1));
  } catch (error) {
    throw new PluginError([problem(directory, `cannot read the folder of plugins: ${codeOf(error)}`)]);
  }
}

/** Null: no plugin. That is for a name or a folder's contents to say, never for a failure to look. */
async function entryModule(path: string): Promise<string | null> {
  if (moduleName.test(basename(path))) return fileAt(path);
  if (!(await statusOf(path))?.isDirectory()) return null;
  for (const name of indexNames) {
    const index = await fileAt(join(path, name));
    if (index !== null) return index;
  }
  return null;
}

/** The path; null: there is nothing. */
async function fileAt(path: string): Promise<string | null> {
  const status = await statusOf(path);
  if (status === null) return null;
  if (status.isFile()) return path;
  const found = status.isDirectory() ? "a folder" : "a device or a pipe";
  throw new PluginError([problem(path, `expected a regular file, found ${found}`)]);
}

/** Links are followed. Null: there is nothing, not even a link. */
async function statusOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT")
      throw new PluginError([problem(path, `cannot be read: ${codeOf(error)}`)]);
    const target = await readlink(path).catch(() => null);
    if (target === null) return null;
    throw new PluginError([problem(path, "a link that leads nowhere")], [resolve(dirname(path), target)]);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? fileFault(error);
}

function nameOf(entry: string): string {
  const base = moduleName.test(entry) ? entry.slice(0, entry.lastIndexOf(".")) : entry;
  return base.replace(/^[0-9]+-/, "");
}

function nameProblems(files: readonly PluginFile[]): PluginProblem[] {
  const owners = new Map<string, string>();
  const problems: PluginProblem[] = [];
  for (const { name, path } of files) {
    const owner = owners.get(name);
    if (!pluginName.test(name)) {
      problems.push(
        problem(path, `expected a name of 1 to 64 letters, digits, ".", "_" and "-", found "${name}"`),
      );
    } else if (owner !== undefined) {
      problems.push(problem(path, `the plugin ${name} is in ${owner} already`));
    } else {
      owners.set(name, path);
    }
  }
  return problems;
}

function problem(file: string, message: string): PluginProblem {
  return { file, line: 1, column: 1, message, frame: "" };
}
