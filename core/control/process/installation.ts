import { createRequire } from "node:module";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that holds this package and those it uses. */
export function installation(): string {
  const root = packageRoot();
  const holder = dirname(root);
  return basename(holder) === "node_modules" ? holder : root;
}

/** The folders in which the code of this package and of those it uses lies, and nobody's data. */
export function codeFolders(): readonly string[] {
  const holder = installation();
  if (basename(holder) === "node_modules") return [holder];
  return ["core", "sdk", "dist", "node_modules"].map((folder) => join(holder, folder));
}

/** The program that compiles plugins. */
export function esbuildBinary(): string {
  const own = createRequire(createRequire(import.meta.url).resolve("esbuild"));
  return own.resolve(`@esbuild/${process.platform}-${process.arch}/bin/esbuild`);
}

/** The published files lie one folder deeper. */
function packageRoot(): string {
  const above = fileURLToPath(new URL("../../..", import.meta.url));
  const root = above.endsWith("/") ? above.slice(0, -1) : above;
  return extname(import.meta.url) === ".js" ? dirname(root) : root;
}
