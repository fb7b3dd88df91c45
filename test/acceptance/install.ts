import { execFile } from "node:child_process";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const unreachable = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT|ENOTCACHED)\b/;

/**
 * Packs this project and installs the tarball the way a user does, without the development dependencies.
 *
 * @param folder an empty one outside of the project, where an undeclared dependency cannot be found
 * @returns why the registry could not be asked, or false when the package is installed
 */
export async function installTarball(folder: string): Promise<string | false> {
  const tarball = await packCopy(resolve("."), join(folder, "source"));
  const target = join(folder, "installed");
  await mkdir(target);
  await writeFile(join(target, "package.json"), '{ "private": true }\n');
  try {
    await run("npm", ["install", "--omit=dev", "--prefer-offline", tarball], { cwd: target });
    return false;
  } catch (error) {
    if (unreachable.test(String(error))) return "npm registry not reachable";
    throw error;
  }
}

/** Packing builds, and a build replaces `dist`: in a copy nobody else is in its way. */
async function packCopy(project: string, copy: string): Promise<string> {
  const left = new Set([".git", "node_modules", "dist"]);
  await cp(project, copy, { recursive: true, filter: (path) => !left.has(relative(project, path)) });
  await symlink(join(project, "node_modules"), join(copy, "node_modules"));
  const { stdout } = await run("npm", ["pack", "--json"], { cwd: copy });
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf("[\n"))) as [{ filename: string }];
  return join(copy, filename);
}
