import { realpath, stat } from "node:fs/promises";
import { dirname, extname, join, resolve } from "node:path";
import type { Metafile } from "esbuild";
import { sdkEntry } from "./plugin-imports.ts";
import { leftOutMark } from "./plugin-loads.ts";
import { isInside, type PluginSource, systemPath } from "./plugin-source.ts";

/** A specifier that names a file or a folder, and no package. */
const namesFile = /^\.{0,2}(\/|$)/;

/** The name at the beginning of a specifier of a package. */
const packageName = /^(@[^/]+\/)?[^/#@.][^/]*/;

/** Absolute paths of every file of a bundle but the SDK's own, and those that it leaves out. */
export async function bundledFiles(source: PluginSource, { inputs }: Metafile): Promise<readonly string[]> {
  const names = Object.keys(inputs)
    .filter((path) => !path.startsWith(leftOutMark))
    .map((path) => systemPath(source, path))
    .filter((path) => !isInside(path, dirname(sdkEntry)));
  return [...new Set(await Promise.all(names.map(withoutSuffix)))];
}

/**
 * Absolute paths by which imports name files that lie elsewhere: through a symbolic link, which may lead to
 * another file next.
 */
export async function linkedNames(source: PluginSource, { inputs }: Metafile): Promise<readonly string[]> {
  const names = Object.entries(inputs).flatMap(([importer, { imports }]) => {
    const folder = dirname(systemPath(source, importer));
    return imports.map(async ({ path, original }) =>
      original !== undefined && namesFile.test(original)
        ? linkedName(
            await withoutSuffix(resolve(folder, original)),
            await withoutSuffix(systemPath(source, path)),
          )
        : null,
    );
  });
  const found = await Promise.all(names);
  return [...new Set(found)].filter((name) => name !== null);
}

/** Absolute paths that say which files packages and `#` names are: folders of packages, or links to them, and each nearest package.json. */
export async function packagePaths(source: PluginSource, { inputs }: Metafile): Promise<readonly string[]> {
  const wanted = new Map<string, Promise<string | null>>();
  for (const [importer, { imports }] of Object.entries(inputs)) {
    const folder = dirname(systemPath(source, importer));
    const packages = imports.flatMap(({ original = "" }) => packageName.exec(original)?.[0] ?? []);
    for (const name of ["package.json", ...packages.map((name) => join("node_modules", name))]) {
      const key = join(folder, name);
      if (!wanted.has(key)) wanted.set(key, nearest(folder, name));
    }
  }
  const found = await Promise.all(wanted.values());
  return [...new Set(found)].filter((path) => path !== null);
}

/** The path of this name in the folder or the closest one above it; null: there is none. */
async function nearest(folder: string, name: string): Promise<string | null> {
  const path = join(folder, name);
  if ((await stat(path).catch(() => null)) !== null) return path;
  const above = dirname(folder);
  return above === folder ? null : nearest(above, name);
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

/** `./a.json?b#c` is `a.json` where there is no other; in the metafile the suffix stays. */
async function withoutSuffix(path: string): Promise<string> {
  for (let name = path; ; ) {
    if ((await stat(name).catch(() => null))?.isFile()) return name;
    const end = Math.max(name.lastIndexOf("?"), name.lastIndexOf("#"));
    if (end < 0) return path;
    name = name.slice(0, end);
  }
}
