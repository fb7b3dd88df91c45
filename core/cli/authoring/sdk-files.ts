import { extname } from "node:path";
import { fileURLToPath } from "node:url";

const isPublished = extname(import.meta.url) === ".js";

function file(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}

/** Where what authors use of this installation lies, as absolute paths. */
export const sdkFiles = {
  /** Types of `sluice/sdk`. */
  sdk: file(isPublished ? "sdk/index.d.ts" : "sdk/index.ts"),
  /** The module behind `sluice/sdk`. */
  sdkModule: file(isPublished ? "sdk/index.js" : "sdk/index.ts"),
  /** Globals of a guest. */
  globals: file("sdk/guest.d.ts"),
  /** Of plugins. */
  tsconfig: file("sdk/tsconfig.plugin.json"),
  /** Of their tests. */
  testTsconfig: file("sdk/tsconfig.test.json"),
  /** Types of `sluice/testing`. */
  testing: file(isPublished ? "core/testing/index.d.ts" : "core/testing/index.ts"),
  /** The module behind `sluice/testing`. */
  testingModule: file(isPublished ? "core/testing/index.js" : "core/testing/index.ts"),
} as const;
