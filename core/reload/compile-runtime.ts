import { readFile } from "node:fs/promises";
import { dirname, extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { GuestScript } from "../sandbox/engine.ts";
import { runtimeFrame } from "./plugin-script.ts";

const isPublished = extname(import.meta.url) === ".js";
const result = "$runtime";
/** The guest runtime is small; a machine under load may be slow, ms. */
const timeLimit = 30_000;

let compiled: Promise<GuestScript> | undefined;

/**
 * The guest runtime as one script whose value is its `start`. Compiled once in the life of the process; a
 * published package brings it compiled, and esbuild is not loaded for it.
 */
export function compileRuntime(): Promise<GuestScript> {
  compiled ??= (isPublished ? readPrebuilt() : bundleRuntime(entry(".ts"))).then((code) => ({
    code,
    name: "sluice:runtime",
  }));
  return compiled;
}

/**
 * Bundles the runtime.
 *
 * @param main path of its main module
 */
export async function bundleRuntime(main: string): Promise<string> {
  const { bundle } = await import("./bundle.ts");
  const { banner, footer } = runtimeFrame(result, "start");
  const built = await bundle(
    {
      entryPoints: [main],
      absWorkingDir: dirname(main),
      bundle: true,
      write: false,
      metafile: true,
      platform: "neutral",
      mainFields: ["module", "main"],
      target: "es2024",
      format: "iife",
      globalName: result,
      banner: { js: banner },
      footer: { js: footer },
      supported: { "dynamic-import": false, "for-await": false },
      // Evaluated for every plugin: less text. Names stay, since classes show theirs to plugins.
      minifyWhitespace: true,
      minifySyntax: true,
      // Fields become assignments: the interpreted engine makes objects faster that way.
      tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
      charset: "utf8",
      legalComments: "none",
      logLevel: "silent",
    },
    timeLimit,
  );
  return built.outputFiles[0]!.text;
}

function readPrebuilt(): Promise<string> {
  return readFile(new URL("../../sdk/runtime.js", import.meta.url), "utf8");
}

function entry(extension: string): string {
  return fileURLToPath(new URL(`../../sdk/runtime/main${extension}`, import.meta.url));
}
