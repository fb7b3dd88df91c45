import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { sdkFiles } from "./sdk-files.ts";

/**
 * The `tsconfig.json` of a folder of plugins. Where Sluice is installed in or above the folder, it is named as a
 * package; elsewhere by where this one lies, so that editors know the types without an install.
 *
 * @param folder of plugins
 */
export function pluginTsconfig(folder: string): string {
  const config = isInstalledNear(folder)
    ? { extends: "sluice/tsconfig.plugin.json" }
    : {
        extends: sdkFiles.tsconfig,
        compilerOptions: { paths: { "sluice/sdk": [sdkFiles.sdk] } },
      };
  return `${JSON.stringify(config, null, 2)}\n`;
}

function isInstalledNear(folder: string): boolean {
  try {
    createRequire(join(resolve(folder), "tsconfig.json")).resolve("sluice/tsconfig.plugin.json");
    return true;
  } catch {
    return false;
  }
}
