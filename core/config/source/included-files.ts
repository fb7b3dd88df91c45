/** Files whose text a config takes in: `${file:PATH}`. */
import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileFault } from "./file-fault.ts";

/** A list of a hundred thousand addresses is half of it. */
const maxFileBytes = 4 * 1024 * 1024;

/**
 * The text of a file, without the end of its last line: an editor puts one behind a secret too.
 *
 * @param config the config file, from whose folder `name` is seen
 * @throws Error `expected …, found …`
 *
 * @example
 * readIncluded("/etc/sluice/sluice.yaml", "keys.txt"); // "first\nsecond"
 */
export function readIncluded(config: string, name: string): string {
  const file = resolve(dirname(config), name);
  const bytes = readBytes(file);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r?\n$/, "");
  } catch {
    throw new Error(`expected UTF-8 text in ${file}, found other bytes`);
  }
}

/**
 * The files that a config names, whether it is good or not: one that is missing may come.
 *
 * @param text of the config
 */
export function includedFiles(config: string, text: string): string[] {
  const names = [...text.matchAll(/\$\{file:([^}]+)\}/g)].map(([, name]) => name!);
  return [...new Set(names.map((name) => resolve(dirname(config), name)))];
}

/**
 * What is in a file, at once. Null: more than is taken in.
 *
 * @throws Error when it is not there, cannot be read or is no plain file: a pipe or a device could be read for ever
 */
export function readPlainFile(file: string): Buffer | null {
  const status = statSync(file);
  if (!status.isFile()) throw Object.assign(new Error(), { code: "no plain file" });
  return status.size <= maxFileBytes ? readFileSync(file) : null;
}

function readBytes(file: string): Uint8Array {
  let bytes: Uint8Array | null;
  try {
    bytes = readPlainFile(file);
  } catch (error) {
    throw new Error(`expected a file that can be read, found ${fileFault(error)}: ${file}`);
  }
  if (bytes === null) throw new Error(`expected at most ${maxFileBytes} bytes in ${file}, found more`);
  return bytes;
}
