/** What watching a file takes of Deno, whose permissions are for paths as they are written. */
import { realpathSync } from "node:fs";
import { basename, dirname, join, parse, resolve, sep } from "node:path";
import { wayToFile } from "../../net/way-to-file.ts";

/**
 * The folder of a file, which is watched, as a new file is put in the place of the old one; and those of what it links to,
 * one after the other, as certbot's links do, from `live` into `archive`.
 */
export function watchedFolders(file: string): string[] {
  const folder = dirname(resolve(file));
  const real = realPath(folder);
  if (real === null) return [folder];
  const { links, end } = wayToFile(join(real, basename(file)));
  // A mount of Kubernetes links to another folder in it each time.
  const others = [...links, end].map((path) => dirname(path)).filter((other) => !isWithin(other, real));
  return [folder, ...new Set(others.filter((other) => other !== parse(other).root))];
}

/** Whether a path is another or lies below it; both absolute. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Null: there is nothing, or nothing that may be read. */
export function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
