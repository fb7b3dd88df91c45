import { realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { PluginFile } from "./plugin-files.ts";

/**
 * Where a plugin's text lies and how its files are called. The two differ: Kubernetes mounts each
 * version of a file in a folder of its own and links to it, and neither messages nor the bundle
 * should change when only that folder does.
 */
export interface PluginSource {
  /** Absolute, links resolved: the module to start from. */
  readonly entry: string;
  /** The folder of `entry`; paths that esbuild tells are seen from here. */
  readonly folder: string;
  /** How `folder` is called for people. */
  readonly shown: string;
  /** How `folder` is called seen from the folder of plugins; empty when it is that folder. */
  readonly root: string;
  /** Folders, links resolved, whose files of any kind belong to the plugin. */
  readonly own: readonly string[];
}

/**
 * @throws the system's error when the file cannot be read
 */
export async function locate({ path, directory }: PluginFile): Promise<PluginSource> {
  const entry = await realpath(path);
  const folder = dirname(entry);
  const isSameName = basename(entry) === basename(path);
  const shown = isSameName ? dirname(path) : folder;
  const root = isSameName ? relative(directory, dirname(path)) : folder;
  const own = await realpath(directory);
  return { entry, folder, shown, root, own: isCodeName(entry) ? [folder, own] : [own] };
}

/** Whether a file of this name is code for esbuild; it goes by the ends of names alone. */
export function isCodeName(path: string): boolean {
  return /\.[cm]?[jt]sx?$/.test(path);
}

/** A path that esbuild told, for people. */
export function shownPath({ shown }: PluginSource, path: string): string {
  return isAbsolute(path) ? path : join(shown, path);
}

/** A path that esbuild told, for the system. */
export function systemPath({ folder }: PluginSource, path: string): string {
  return resolve(folder, path);
}

/** Whether a path lies in a folder or below it; both absolute. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith("../") && !isAbsolute(way);
}
