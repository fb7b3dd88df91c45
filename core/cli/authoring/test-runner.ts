import { extname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { RuntimeName } from "../runtime-program.ts";
import { sdkFiles } from "./sdk-files.ts";

/** How tests of plugins are run on a runtime. */
export interface TestRunner {
  /** Engines that there are on it, its default first. */
  readonly engines: readonly string[];
  /** What the runtime is started with, before the names of the files. */
  readonly args: readonly string[];
}

/** Lets tests import what they need from this installation. */
const imports = fileURLToPath(new URL(`./test-imports${extname(import.meta.url)}`, import.meta.url));

export const testRunners: Readonly<Record<RuntimeName, TestRunner>> = {
  node: {
    engines: ["isolated-vm", "quickjs", "inline"],
    args: ["--no-node-snapshot", "--import", imports, "--test"],
  },
  deno: {
    engines: ["quickjs", "inline"],
    args: [
      "test",
      // They are the author's own, and may do what they may on Node.
      "--allow-all",
      "--no-check",
      "--no-lock",
      // What this installation imports lies beside it, and nothing is installed beside the tests.
      "--node-modules-dir=manual",
      `--import-map=${importMap()}`,
    ],
  },
};

/** Deno resolves names before anything runs that could do so. */
function importMap(): string {
  const map = {
    imports: {
      "sluice/sdk": pathToFileURL(sdkFiles.sdkModule).href,
      "sluice/testing": pathToFileURL(sdkFiles.testingModule).href,
    },
  };
  return `data:application/json,${encodeURIComponent(JSON.stringify(map))}`;
}
