/** Preloaded into tests of plugins, which may lie in any folder, without an install or a manifest. */
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { sdkFiles } from "./sdk-files.ts";

/** What this installation gives to tests. */
const modules: ReadonlyMap<string, string> = new Map([
  ["sluice/sdk", pathToFileURL(sdkFiles.sdkModule).href],
  ["sluice/testing", pathToFileURL(sdkFiles.testingModule).href],
]);

registerHooks({
  resolve(specifier, context, next) {
    const found = next(modules.get(specifier) ?? specifier, context);
    // No manifest says what it is; a test imports, so it is a module.
    const isUnknown = !found.format && found.url.endsWith(".ts");
    return isUnknown ? { ...found, format: "module-typescript" } : found;
  },
});
