import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileFault } from "../source/file-fault.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";

/** The absolute path of a file named in the config, seen from the config's own folder; reports one that cannot be read. */
export function resolveFile(name: string, path: Path, source: ConfigSource): string {
  const file = resolve(dirname(source.file), name);
  const fault = readFault(file);
  if (fault !== null)
    source.report(path, `expected a file that can be read, found ${fault}: ${file}`, "unreadable");
  return file;
}

function readFault(file: string): string | null {
  try {
    accessSync(file, constants.R_OK);
    return statSync(file).isDirectory() ? "a folder" : null;
  } catch (error) {
    return fileFault(error);
  }
}
