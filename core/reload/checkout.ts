import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/**
 * Whether git is changing files of the repository around a folder. It takes away first and writes then, so that in between
 * a plugin that it moves is nowhere.
 */
export function isBeingCheckedOut(directory: string): boolean {
  const folder = gitFolder(resolve(directory));
  return folder !== null && existsSync(join(folder, "index.lock"));
}

/** Null: there is no repository, or none that may be read. */
function gitFolder(directory: string): string | null {
  const found = join(directory, ".git");
  try {
    if (statSync(found).isDirectory()) return found;
    // Of a worktree or a submodule: a file that names it.
    const [, path] = /^gitdir: (.+)$/m.exec(readFileSync(found, "utf8")) ?? [];
    return path === undefined ? null : resolve(directory, path);
  } catch {
    const above = dirname(directory);
    return above === directory ? null : gitFolder(above);
  }
}
