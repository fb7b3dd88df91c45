import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Debian keeps servers where only root's PATH looks. */
const serverFolders = ["/usr/sbin", "/usr/local/sbin"];

/**
 * The reason to skip a test that needs programs, in the shape that node-tap takes: false when they
 * are there.
 *
 * @example
 * t.test("nginx stands behind Sluice", { skip: missing("nginx") }, async (t) => {});
 */
export function missing(...programs: string[]): string | false {
  const absent = programs.filter((program) => findPrograms(program).length === 0);
  return absent.length > 0 && `${absent.join(" and ")} not installed`;
}

/** Paths of every program of a name, on the PATH first, then among the servers. */
export function findPrograms(program: string): string[] {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...serverFolders];
  return folders.map((folder) => join(folder, program)).filter(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
