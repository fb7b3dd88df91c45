import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Full path of a program, or null when it is not installed. Debian puts servers into /usr/sbin,
 * which is not on every user's PATH.
 */
export function findProgram(name: string): string | null {
  const { PATH = "" } = process.env;
  const directories = [...PATH.split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  for (const directory of directories) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this one.
    }
  }
  return null;
}
