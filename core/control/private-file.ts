/** Files of the state folder: only this user may write or read them. */
import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileFault } from "../config/source/file-fault.ts";

/** A state file that is damaged, of somebody else, or of other plugins. */
export class StateError extends Error {
  override readonly name = "StateError";
}

/**
 * Writes a file as a whole or not at all, with mode 0600.
 *
 * @throws the system's error
 */
export async function writePrivateFile(folder: string, name: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  // Not by the process's number: two containers may have the same.
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, "w", 0o600);
    try {
      await file.chmod(0o600);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Reads a file that nobody else can have written.
 *
 * @param largest bytes
 * @returns null when there is none
 * @throws StateError for a file that is not to be trusted
 */
export async function readPrivateFile(folder: string, name: string, largest: number): Promise<string | null> {
  let file: FileHandle;
  try {
    file = await open(join(folder, name), "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new StateError(`cannot be read: ${(error as NodeJS.ErrnoException).code ?? fileFault(error)}`);
  }
  try {
    await checkOwner(file, largest);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

async function checkOwner(file: FileHandle, largest: number): Promise<void> {
  const { mode, uid, size } = await file.stat();
  if (size > largest) throw new StateError(`expected at most ${largest} bytes, found ${size}`);
  const user = process.getuid?.();
  if (user === undefined) return;
  if (uid !== user) throw new StateError(`expected a file of user ${user}, found one of ${uid}`);
  if ((mode & 0o022) !== 0) throw new StateError("others may write it");
}
