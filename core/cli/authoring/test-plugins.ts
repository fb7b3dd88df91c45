import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { exitCodes } from "../exit-codes.ts";
import { UsageError } from "../usage-error.ts";

const engines = ["isolated-vm", "quickjs", "inline"];

/** Lets tests import what they need from this installation. */
const imports = fileURLToPath(new URL(`./test-imports${extname(import.meta.url)}`, import.meta.url));

export interface TestRequest {
  readonly folder: string;
  /** Null: the default of the runtime, or what SLUICE_TEST_ENGINE says. */
  readonly engine: string | null;
}

/**
 * `sluice test`: runs the tests of plugins with Node's test runner, each file in a process of its own.
 *
 * @returns 0 when all passed
 * @throws UsageError when there are no tests, or no such engine
 */
export async function testPlugins({ folder, engine }: TestRequest, env: NodeJS.ProcessEnv): Promise<number> {
  if ("deno" in process.versions)
    throw new UsageError("Cannot test: the test runner is Node's; run sluice test on Node");
  if (engine !== null && engine !== "all" && !engines.includes(engine)) {
    throw new UsageError(
      `Cannot use --engine: expected one of ${engines.join(", ")}, all, found "${engine}"`,
    );
  }
  const files = globSync("**/*.test.{ts,mts,js}", { cwd: folder, exclude: ["**/node_modules"] }).sort();
  if (files.length === 0) throw new UsageError(`Nothing to test: found no *.test.ts in ${folder}`);
  let code: number = exitCodes.ok;
  for (const name of engine === "all" ? engines : [engine]) {
    if (engine === "all") process.stdout.write(`\nOn ${name}:\n`);
    const passed = await runTests(folder, files, name === null ? env : { ...env, SLUICE_TEST_ENGINE: name });
    if (!passed) code = exitCodes.failure;
  }
  return code;
}

async function runTests(folder: string, files: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> {
  const args = ["--no-node-snapshot", "--import", imports, "--test", ...files];
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: "inherit" });
  const [code] = (await once(child, "exit")) as [number | null];
  return code === 0;
}
