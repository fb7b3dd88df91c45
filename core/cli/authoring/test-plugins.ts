import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, statSync } from "node:fs";
import { basename, dirname, matchesGlob, resolve } from "node:path";
import { exitCodes } from "../exit-codes.ts";
import { type RuntimeName, runtimeProgram, thisRuntime } from "../runtime-program.ts";
import { UsageError } from "../usage-error.ts";
import { type TestRunner, testRunners } from "./test-runner.ts";

export interface TestRequest {
  /** A folder, or one file. */
  readonly path: string;
  /** Null: the default of the runtime, or what SLUICE_TEST_ENGINE says. */
  readonly engine: string | null;
  /** Null: the one that Sluice runs on. */
  readonly runtime: string | null;
}

/**
 * `sluice test`: runs the tests of plugins with the test runner of Node or of Deno, each file apart from the others.
 *
 * @returns 0 when all passed
 * @throws UsageError when there are no tests, or no such engine or runtime
 */
export async function testPlugins(
  { path, engine, runtime }: TestRequest,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const name = demandRuntime(runtime);
  const runner = testRunners[name];
  if (engine !== null && engine !== "all" && !runner.engines.includes(engine)) {
    throw new UsageError(
      `Cannot use --engine on ${name}: expected one of ${runner.engines.join(", ")}, all, found "${engine}"`,
    );
  }
  const program = runtimeProgram(name);
  if (program === null) throw new UsageError(`Cannot test on ${name}: found no ${name} on PATH`);
  const { folder, files } = testsAt(path);
  if (files.length === 0) throw new UsageError(`Nothing to test: found no *.test.ts in ${path}`);
  let code: number = exitCodes.ok;
  for (const chosen of engine === "all" ? runner.engines : [engine]) {
    if (engine === "all") process.stdout.write(`\nOn ${chosen}:\n`);
    const own = chosen === null ? env : { ...env, SLUICE_TEST_ENGINE: chosen };
    if (!(await runTests(program, runner, { folder, files, env: own }))) code = exitCodes.failure;
  }
  return code;
}

function testsAt(path: string): { readonly folder: string; readonly files: readonly string[] } {
  const pattern = "*.test.{ts,mts,js}";
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) {
    const file = basename(path);
    return { folder: dirname(path), files: matchesGlob(file, pattern) ? [file] : [] };
  }
  const files = globSync(`**/${pattern}`, { cwd: path, exclude: ["**/node_modules"] });
  return { folder: path, files: files.sort() };
}

function demandRuntime(runtime: string | null): RuntimeName {
  if (runtime === null) return thisRuntime();
  if (runtime === "node" || runtime === "deno") return runtime;
  throw new UsageError(`Cannot use --runtime: expected node or deno, found "${runtime}"`);
}

interface Run {
  readonly folder: string;
  readonly files: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

async function runTests(
  program: string,
  { args, argument }: TestRunner,
  { folder, files, env }: Run,
): Promise<boolean> {
  const named = files.map((file) => argument(resolve(folder, file)));
  const child = spawn(program, [...args, ...named], { cwd: folder, env, stdio: "inherit" });
  const [code] = (await once(child, "exit")) as [number | null];
  return code === 0;
}
