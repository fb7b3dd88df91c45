import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import { dirname, join, parse, resolve, sep } from "node:path";
import type { Config } from "../config/model.ts";
import { includedFiles } from "../config/source/included-files.ts";
import type { DiscoveryConfig } from "../config/traffic-model.ts";
import { isWithin, realPath, watchedFolders } from "../control/process/watched-folders.ts";
import { accountFiles } from "../discovery/source.ts";
import { stopBundler } from "../reload/bundle.ts";
import { compilePlugin } from "../reload/compile.ts";
import { findPlugins } from "../reload/plugin-files.ts";
import { PluginError, type PluginProblem } from "../reload/problem.ts";

/** Links that are followed one after the other, as many as Linux takes. */
const mostLinks = 40;
const modules = `${sep}node_modules${sep}`;

export interface ControlReads {
  /** Absolute paths. */
  readonly paths: readonly string[];
  /** Why what a plugin imports is not known. */
  readonly problems: readonly PluginProblem[];
}

/**
 * What the control process reads for a config besides its own code: files, and the folders of those that are watched.
 *
 * @param file the config file, or null
 */
export async function controlReads(config: Config, file: string | null): Promise<ControlReads> {
  const plugins = await pluginReads(config.plugins.directory);
  const discoveries = config.clusters.flatMap(({ discovery }) => discoveryReads(discovery));
  return {
    paths: outermost([...configReads(file), ...plugins.paths, ...discoveries]),
    problems: plugins.problems,
  };
}

function configReads(file: string | null): string[] {
  if (file === null) return [];
  return [file, ...includedFiles(file, readFileSync(file, "utf8"))].flatMap(watchedFolders);
}

function discoveryReads(discovery: DiscoveryConfig | null): string[] {
  if (discovery?.kind === "file") return watchedFolders(discovery.path);
  if (discovery?.kind !== "kubernetes") return [];
  const usual = accountFiles();
  return [discovery.tokenFile ?? usual.token, discovery.caFile ?? usual.ca];
}

/** The folder of plugins, those of what they import, and those that hold a link on the way to either. */
async function pluginReads(directory: string | null): Promise<ControlReads> {
  if (directory === null) return { paths: [], problems: [] };
  const { inputs, problems } = await pluginInputs(directory);
  const folders = [resolve(directory), ...new Set(inputs.map(folderOf))];
  return {
    paths: folders.flatMap((folder) => [folder, realPath(folder) ?? folder, ...linkFolders(folder)]),
    problems,
  };
}

async function pluginInputs(directory: string): Promise<{ inputs: string[]; problems: PluginProblem[] }> {
  const inputs: string[] = [];
  const problems: PluginProblem[] = [];
  const keep = (error: unknown) => {
    if (!(error instanceof PluginError)) throw error;
    inputs.push(...error.inputs);
    problems.push(...error.problems);
  };
  const files = await findPlugins(directory).catch(keep);
  for (const file of files ?? []) {
    await compilePlugin(file).then((plugin) => inputs.push(...plugin.inputs), keep);
  }
  await stopBundler();
  return { inputs, problems };
}

/** Of a package that is installed, all that is installed with it: the next version has other files. */
function folderOf(input: string): string {
  const end = input.indexOf(modules);
  return end < 0 ? dirname(input) : input.slice(0, end + modules.length - 1);
}

/**
 * The folders that hold a link on the way to a path, as another may be put in its place, and those that hold what it leads
 * to. None for links of the system, as `/var/run` to `/run` is one: those stay, and the folder is the root.
 */
function linkFolders(path: string, left = mostLinks): string[] {
  const { root } = parse(path);
  const names = path.slice(root.length).split(sep);
  let at = root;
  for (const [index, name] of names.entries()) {
    const holder = at;
    at = join(at, name);
    const target = linkTarget(at);
    if (target === null) continue;
    const holders = [holder, dirname(target)];
    const further = left === 0 ? [] : linkFolders(join(target, ...names.slice(index + 1)), left - 1);
    return holders.includes(root) ? further : [...holders, ...further];
  }
  return [];
}

/** Null: it is no link. */
function linkTarget(path: string): string | null {
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  return isLink ? resolve(dirname(path), readlinkSync(path)) : null;
}

/** Without those that lie in others. */
function outermost(paths: readonly string[]): string[] {
  const all = [...new Set(paths)];
  return all.filter((path) => !all.some((other) => other !== path && isWithin(path, other)));
}
