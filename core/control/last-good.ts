/**
 * The last generation of plugins that was put in force, on disk: a start with a broken plugin serves it. It
 * is code that will be run with the grants of the plugins, so only this user may write or read it.
 */
import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { PolicyBundle } from "../policy/bundle.ts";
import type { PolicyPart } from "../reload/generation.ts";

export interface LastGood {
  /** Without the guest runtime: that is always the one of this program. */
  readonly plugins: PolicyBundle["plugins"];
  readonly policies: PolicyPart;
  /** In ms since 1970. */
  readonly savedAt: number;
}

const fileName = "last-good-plugins.json";
/** Changes when older files cannot be run any more. */
const format = "sluice-plugins-1";
/** 500 plugins of the largest size would not be kept, bytes. */
const largestFile = 256 * 1024 * 1024;

interface Envelope {
  readonly format: string;
  /** Of the plugins, absolute. */
  readonly directory: string;
  /** SHA-256 of `content`, in base64url. */
  readonly hash: string;
  /** JSON of a LastGood. */
  readonly content: string;
}

/** A state file that is damaged, of somebody else, or of other plugins. */
export class StateError extends Error {
  override readonly name = "StateError";
}

/**
 * Writes the file as a whole or not at all, with mode 0600.
 *
 * @param directory of the plugins
 * @throws the system's error, or StateError when it would be larger than 256 MiB
 */
export async function saveLastGood(folder: string, directory: string, state: LastGood): Promise<void> {
  const content = JSON.stringify(state);
  const envelope: Envelope = { format, directory: resolve(directory), hash: hashOf(content), content };
  const text = JSON.stringify(envelope);
  if (text.length > largestFile) throw new StateError(`the plugins are larger than ${largestFile} bytes`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, fileName);
  const temporary = `${path}.${process.pid}.tmp`;
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
 * @param directory of the plugins that are wanted
 * @returns null when nothing was kept yet
 * @throws StateError for a file that is not to be trusted
 */
export async function loadLastGood(folder: string, directory: string): Promise<LastGood | null> {
  let file: FileHandle;
  try {
    file = await open(join(folder, fileName), "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new StateError(`cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown error"}`);
  }
  try {
    await checkOwner(file);
    return read(await file.readFile("utf8"), directory);
  } finally {
    await file.close();
  }
}

async function checkOwner(file: FileHandle): Promise<void> {
  const { mode, uid, size } = await file.stat();
  if (size > largestFile) throw new StateError(`expected at most ${largestFile} bytes, found ${size}`);
  const user = process.getuid?.();
  if (user === undefined) return;
  if (uid !== user) throw new StateError(`expected a file of user ${user}, found one of ${uid}`);
  if ((mode & 0o022) !== 0) throw new StateError("others may write it");
}

function read(text: string, directory: string): LastGood {
  const { format: found, directory: of, hash, content } = parse<Partial<Envelope>>(text);
  if (found !== format) throw new StateError(`expected the format ${format}, found ${JSON.stringify(found)}`);
  if (of !== resolve(directory)) {
    throw new StateError(`expected the plugins of ${resolve(directory)}, found those of ${of}`);
  }
  if (typeof content !== "string" || hashOf(content) !== hash) throw new StateError("it is damaged");
  return parse<LastGood>(content);
}

function parse<Value>(text: string): Value {
  try {
    return Object(JSON.parse(text)) as Value;
  } catch {
    throw new StateError("it is damaged");
  }
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
