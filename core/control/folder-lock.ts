import { mkdir, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Between two tries, in ms. */
const pause = 5;
/** Who held it for so long has ended without giving it back, in ms. */
const longestHeld = 5000;

/**
 * Does something while no other process that asks for the same lock does. A lock is a folder: it is made by one of them only,
 * on every file system.
 *
 * @param folder has to be there
 */
export async function withLock<Result>(
  folder: string,
  name: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const lock = join(folder, name);
  while (!(await taken(lock))) await sleep(pause);
  try {
    return await work();
  } finally {
    await rmdir(lock).catch(() => {});
  }
}

async function taken(lock: string): Promise<boolean> {
  try {
    await mkdir(lock, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const held = await stat(lock).catch(() => null);
  if (held !== null && Date.now() - held.mtimeMs > longestHeld) await rmdir(lock).catch(() => {});
  return false;
}
