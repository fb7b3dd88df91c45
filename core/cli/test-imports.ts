/** Preloaded into tests of plugins: `sluice/sdk` and `sluice/testing` are those of this installation, from any folder. */
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { sdkFiles } from "./sdk-files.ts";

const modules: ReadonlyMap<string, string> = new Map([
  ["sluice/sdk", pathToFileURL(sdkFiles.sdkModule).href],
  ["sluice/testing", pathToFileURL(sdkFiles.testingModule).href],
]);

registerHooks({
  resolve(specifier, context, next) {
    return next(modules.get(specifier) ?? specifier, context);
  },
});
