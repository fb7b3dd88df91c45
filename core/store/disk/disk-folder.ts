/** The folder of a store on disk: nobody else's, and nothing in it is followed elsewhere. */
import { constants } from "node:fs";
import * as promises from "node:fs/promises";
import { join } from "node:path";

/** What is done to files; tests put faults in the place of some of it. */
export type FileSystem = Pick<
  typeof promises,
  "open" | "rename" | "unlink" | "mkdir" | "lstat" | "opendir" | "chmod" | "rm"
>;

export const systemFiles: FileSystem = promises;

const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW;
const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const changeFlags = constants.O_RDWR | constants.O_NOFOLLOW;

/** Names that this store gives: nothing of a key is in them. */
const ownName = /^[0-9a-f]{32}$/;
const unfinishedName = /^[0-9a-f]{32}\.new$/;

export class DiskFolder {
  readonly path: string;
  private readonly files: FileSystem;
  /** Temporary names of what is being written. */
  private readonly unfinished = new Set<string>();

  constructor(path: string, files: FileSystem) {
    this.path = path;
    this.files = files;
  }

  /**
   * Makes the folder, for this user alone.
   *
   * @throws when it is a link, another user's, or open to others and cannot be closed to them
   */
  async prepare(): Promise<void> {
    await this.files.mkdir(this.path, { recursive: true, mode: 0o700 });
    const found = await this.files.lstat(this.path);
    if (!found.isDirectory()) throw new Error(`${this.path} is not a folder`);
    if (found.uid !== process.getuid?.()) throw new Error(`${this.path} belongs to another user`);
    if ((found.mode & 0o077) !== 0) await this.files.chmod(this.path, 0o700);
  }

  /** Names of stored responses, one by one. What a crash has left unfinished goes; what is not of this store stays. */
  async *names(): AsyncGenerator<string> {
    for await (const found of await this.files.opendir(this.path)) {
      if (!found.isFile()) continue;
      if (ownName.test(found.name)) yield found.name;
      else if (unfinishedName.test(found.name) && !this.unfinished.has(found.name))
        await this.remove(found.name);
    }
  }

  newName(): string {
    return crypto.randomUUID().replaceAll("-", "");
  }

  open(name: string): Promise<promises.FileHandle> {
    return this.files.open(join(this.path, name), readFlags);
  }

  openToChange(name: string): Promise<promises.FileHandle> {
    return this.files.open(join(this.path, name), changeFlags);
  }

  /** It is there whole or not at all. */
  async write(name: string, parts: readonly Buffer[]): Promise<void> {
    const temporaryName = `${name}.new`;
    const temporary = join(this.path, temporaryName);
    this.unfinished.add(temporaryName);
    try {
      const handle = await this.files.open(temporary, createFlags, 0o600);
      try {
        let position = 0;
        for (const part of parts) position = await writeAll(handle, part, position);
      } finally {
        await handle.close();
      }
      await this.files.rename(temporary, join(this.path, name));
    } catch (error) {
      await this.remove(temporaryName);
      throw error;
    } finally {
      this.unfinished.delete(temporaryName);
    }
  }

  /** Whether it is gone now. */
  async remove(name: string): Promise<boolean> {
    try {
      await this.files.unlink(join(this.path, name));
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "ENOENT";
    }
  }
}

/** @returns where it ends */
export async function writeAll(
  handle: promises.FileHandle,
  bytes: Buffer,
  position: number,
): Promise<number> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
  return position + bytes.length;
}
