import { lstatSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join, parse, resolve, sep } from "node:path";
import { mayBePlugin } from "./plugin-files.ts";

/** One folder to watch. */
export interface PlannedFolder {
  /** Links resolved. */
  readonly path: string;
  /** Changes when another folder comes to lie at this path. */
  readonly identity: string;
  /** Entries whose events count; null: all of them. */
  readonly names: ReadonlySet<string> | null;
}

export type WatchPlan = ReadonlyMap<string, PlannedFolder>;

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
  const plan = new Map<string, { identity: string; names: Set<string> | null }>();
  const watch = (folder: string, name: string | null) => {
    const path = realPath(folder);
    if (path === null) return;
    const planned = plan.get(path) ?? { identity: identityOf(path), names: new Set() };
    plan.set(path, planned);
    if (name === null) planned.names = null;
    else planned.names?.add(name);
  };
  for (const folder of foldersOf(resolve(directory), inputs)) {
    for (const [holder, name] of holdersOf(folder)) watch(holder, name);
    if (isFolder(folder)) watch(folder, null);
  }
  return new Map([...plan].map(([path, { identity, names }]) => [path, { path, identity, names }]));
}

/** Whether both mean the same folders. */
export function samePlan(a: WatchPlan, b: WatchPlan): boolean {
  return (
    a.size === b.size && [...a.values()].every(({ path, identity }) => b.get(path)?.identity === identity)
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
function holdersOf(folder: string): [holder: string, name: string][] {
  const holders: [string, string][] = [];
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

function isFolder(path: string): boolean {
  return statusOf(path)?.isDirectory() ?? false;
}

/**
 * Null: there is nothing to watch. So it is with a loop of links, a folder without permission or a mount that is
 * gone: why plugins cannot be read is for the compiler to say.
 */
function statusOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

/** Null: there is nothing. */
function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

function identityOf(path: string): string {
  const status = statusOf(path);
  return `${status?.dev}:${status?.ino}`;
}
