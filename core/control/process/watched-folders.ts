/** What watching a file takes of Deno, whose permissions are for paths as they are written. */
import { realpathSync } from "node:fs";
import { dirname, resolve, sep } from "node:path";

/**
 * The folder of a file, which is watched, as a new file is put in the place of the old one; and the folder that the file
 * links to, as certbot's do, from `live` into `archive`.
 */
export function watchedFolders(file: string): string[] {
  const folder = dirname(resolve(file));
  const [real, target] = [realPath(folder), realPath(file)];
  if (real === null || target === null) return [folder];
  // A mount of Kubernetes links to another folder in it each time.
  return isWithin(target, real) ? [folder] : [folder, dirname(target)];
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
