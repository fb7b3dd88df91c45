/**
 * The last generation of plugins that was put in force, on disk: a start with a broken plugin serves it. It
 * is code that will be run with the grants of the plugins, so only this user may write or read it.
 */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import type { PolicyBundle } from "../../policy/bundle.ts";
import type { PolicyPart } from "../../reload/generation.ts";
import { readPrivateFile, StateError, writePrivateFile } from "../private-file.ts";

export interface LastGood {
  /** Without the guest runtime: that is always the one of this program. */
  readonly plugins: PolicyBundle["plugins"];
  readonly policies: PolicyPart;
  /** The generation that was rolled back to this one; absent: there was none. */
  readonly rejected?: RejectedGeneration | undefined;
  /** In ms since 1970. */
  readonly savedAt: number;
}

/** What was rolled back is not put in force again as it is. */
export interface RejectedGeneration {
  readonly id: string;
  /** Of the folder's plugins; null: those are the same, only what the config said of them was rejected. */
  readonly code: string | null;
  readonly problem: string;
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
  await writePrivateFile(folder, fileName, text);
}

/**
 * @param directory of the plugins that are wanted
 * @returns null when nothing was kept yet
 * @throws StateError for a file that is not to be trusted
 */
export async function loadLastGood(folder: string, directory: string): Promise<LastGood | null> {
  const text = await readPrivateFile(folder, fileName, largestFile);
  return text === null ? null : read(text, directory);
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
