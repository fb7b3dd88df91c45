import { lstatSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, parse, resolve, sep } from "node:path";
import { type Place, planFolders, type WatchPlan } from "../net/folder-plan.ts";
import { mayBePlugin } from "./plugin-files.ts";

/** More folders than this are no folders of a plugin. */
const mostFolders = 500;

/**
 * The folders to watch so that no change of a plugin goes unseen: the folder of plugins, those in it
 * that may hold a plugin, and those of the files that plugins import; and, for each that it may be replaced
 * as a whole, by removing, renaming or swapping a link, the folder that it or the link lies in.
 *
 * @param directory of plugins
 * @param inputs absolute paths of what the plugins were made of; packages are not watched
 */
export function planWatch(directory: string, inputs: readonly string[]): WatchPlan {
  return planFolders(
    foldersOf(resolve(directory), inputs).flatMap((folder): Place[] =>
      isFolder(folder) ? [...holdersOf(folder), [folder, null]] : holdersOf(folder),
    ),
  );
}

function foldersOf(directory: string, inputs: readonly string[]): string[] {
  const files = inputs.filter((file) => !file.includes(`${sep}node_modules${sep}`));
  const folders = [directory, ...pluginFolders(directory), ...files.map((file) => dirname(file))];
  return [...new Set(folders)].slice(0, mostFolders);
}

/** A folder may become a plugin by a file that is put into it. */
function pluginFolders(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => mayBePlugin(name))
      .map((name) => join(directory, name))
      .filter(isFolder);
  } catch {
    return [];
  }
}

/**
 * The folders, each with a name in it, whose change means that another folder lies at this path: the
 * one above it, or the nearest that there is, and those of symbolic links on the way.
 */
function holdersOf(folder: string): Place[] {
  const holders: Place[] = [];
  let path = parse(folder).root;
  for (const name of folder.slice(path.length).split(sep)) {
    const holder = path;
    path = join(path, name);
    const kind = kindOf(path);
    if (kind === "nothing") return [...holders, [holder, name]];
    if (kind === "link") holders.push([holder, name]);
  }
  return [...holders, [dirname(folder), basename(folder)]];
}

/** What may not be looked at, as on Deno above the folders that it may read, is passed over. */
function kindOf(path: string): "nothing" | "link" | "other" {
  try {
    const status = lstatSync(path, { throwIfNoEntry: false });
    if (status === undefined) return "nothing";
    return status.isSymbolicLink() ? "link" : "other";
  } catch {
    return "other";
  }
}

/**
 * A loop of links, a folder without permission or a mount that is gone is none: why plugins cannot be read is for the
 * compiler to say.
 */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
