/** Part of the build of the package: compiles the guest runtime to `dist/sdk/runtime.js`. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { stopBundler } from "./bundle.ts";
import { bundleRuntime } from "./compile-runtime.ts";

const main = fileURLToPath(new URL("../../sdk/runtime/main.ts", import.meta.url));
const target = fileURLToPath(new URL("../../dist/sdk/runtime.js", import.meta.url));

const code = await bundleRuntime(main);
await mkdir(dirname(target), { recursive: true });
await writeFile(target, code);
await stopBundler();
