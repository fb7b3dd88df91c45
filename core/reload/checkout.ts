import { readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { realPath } from "../net/folder-plan.ts";

/** A checkout that takes longer, or left its lock behind, is no longer waited for, ms. */
const longestCheckout = 10_000;

/**
 * Whether git is changing files of the repositories around some paths. It takes away first and writes then, so that in
 * between a plugin that it moves is nowhere.
 */
export class Checkouts {
  /** Locks by which git tells that it does, and when they were met first, ms. */
  #since: ReadonlyMap<string, number> = new Map();

  /** False also when it has been so for too long. */
  areUnderWay(paths: readonly string[]): boolean {
    const now = performance.now();
    const locks = paths.flatMap((path) => [resolve(path), realPath(path) ?? resolve(path)]).map(lockAround);
    const known = locks
      .filter((lock) => lock !== null)
      .map((lock) => [lock, this.#since.get(lock) ?? now] as const);
    this.#since = new Map(known);
    return known.some(([, since]) => now - since < longestCheckout);
  }
}

/** Another text for each lock; null: there is none. */
function lockAround(path: string): string | null {
  const folder = gitFolder(path);
  if (folder === null) return null;
  const lock = join(folder, "index.lock");
  try {
    const { ino, birthtimeMs } = statSync(lock);
    return `${lock}:${ino}:${birthtimeMs}`;
  } catch {
    return null;
  }
}

/** Null: there is no repository, or none that may be read. */
function gitFolder(path: string): string | null {
  const found = join(path, ".git");
  try {
    if (statSync(found).isDirectory()) return found;
    // Of a worktree or a submodule: a file that names it.
    const [, named] = /^gitdir: (.+)$/m.exec(readFileSync(found, "utf8")) ?? [];
    return named === undefined ? null : resolve(path, named);
  } catch {
    const above = dirname(path);
    return above === path ? null : gitFolder(above);
  }
}
