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
  /**
   * A file in the words of the runtime, for which an argument is a pattern or even an option.
   *
   * @param path absolute
   */
  argument(path: string): string;
}

/** Lets tests import what they need from this installation. */
const imports = fileURLToPath(new URL(`./test-imports${extname(import.meta.url)}`, import.meta.url));

export const testRunners: Readonly<Record<RuntimeName, TestRunner>> = {
  node: {
    engines: ["isolated-vm", "quickjs", "inline"],
    args: ["--no-node-snapshot", "--import", imports, "--test"],
    argument: escapeGlob,
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
    // A URL is no pattern.
    argument: (path) => pathToFileURL(path).href,
  },
};

/**
 * The pattern that a path matches. To Node a backslash escapes nothing, so that a class of one character does; a
 * class is no cover for braces, and those are in the middle of a range. Modules with a backslash it does not import.
 */
function escapeGlob(path: string): string {
  return path.replace(/[[\]*?()|{}\\]/g, (char) => ranges[char] ?? `[${char}]`);
}

const ranges: Readonly<Record<string, string>> = { "{": "[z-|]", "}": "[|-~]", "\\": "?" };

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
