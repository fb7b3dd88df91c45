import { execFile } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const unreachable = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT|ENOTCACHED)\b/;

/**
 * Builds and packs this project and installs the tarball as a user would, without the development
 * dependencies.
 *
 * @param folder an empty folder, outside of the project: inside, a dependency that the package
 *   forgot to declare would be found in the project's own
 * @returns why the registry could not be asked, or false when the package is installed
 */
export async function installTarball(folder: string): Promise<string | false> {
  const packed = join(folder, "packed");
  await mkdir(packed);
  await run("npm", ["pack", "--pack-destination", packed]);
  const [tarball = ""] = await readdir(packed);
  await writeFile(join(folder, "package.json"), '{ "private": true }\n');
  try {
    await run("npm", ["install", "--omit=dev", "--prefer-offline", join(packed, tarball)], { cwd: folder });
    return false;
  } catch (error) {
    if (unreachable.test(String(error))) return "npm registry not reachable";
    throw error;
  }
}
