/**
 * Part of the build of the package: what the compiler of TypeScript does not make. The guest runtime in one
 * script, the declarations of its globals, the built-in plugins, and a manifest for `dist/`, whose imports are
 * JavaScript.
 */
import { copyFile, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { stopBundler } from "./bundle.ts";
import { bundleRuntime } from "./compile-runtime.ts";

const root = new URL("../../", import.meta.url);

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly imports: object;
}

/** Of this project, with the files that were compiled in the place of their sources. */
async function distManifest(): Promise<object> {
  const text = await readFile(new URL("package.json", root), "utf8");
  const { name, version, imports } = JSON.parse(
    text.replaceAll(/(?<="\.\/core\/[^"]*)\.ts"/g, '.js"'),
  ) as Manifest;
  // Its own name is resolved from here, too: by the built-in plugins, for the compilers of those who import one.
  const exports = {
    "./package.json": "./package.json",
    "./sdk": { types: "./sdk/index.d.ts", default: "./sdk/index.js" },
  };
  return { name, version, type: "module", imports, exports };
}

await mkdir(new URL("dist/sdk", root), { recursive: true });
const runtime = await bundleRuntime(fileURLToPath(new URL("sdk/runtime/main.ts", root)));
await writeFile(new URL("dist/sdk/runtime.js", root), runtime);
await stopBundler();
for (const name of ["guest.d.ts", "tsconfig.plugin.json", "tsconfig.test.json"]) {
  await copyFile(new URL(`sdk/${name}`, root), new URL(`dist/sdk/${name}`, root));
}
// As they are written: they are compiled like those of a folder, for the runtime that runs them.
await cp(new URL("plugins", root), new URL("dist/plugins", root), {
  recursive: true,
  filter: (path) => !/\/(?:README\.md|tsconfig\.json)$/.test(path),
});
await writeFile(new URL("dist/package.json", root), `${JSON.stringify(await distManifest(), null, 2)}\n`);
