import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type CommandResult, runCommand } from "./command.ts";
import type { Outcome, Runtime } from "./outcome.ts";
import { emptyTally, type Tally, tallyParser } from "./tally.ts";

/** One test file on one runtime. */
export interface Suite {
  /** Path from the root of the project. */
  readonly file: string;
  readonly runtime: Runtime;
}

const defaultTimeout = 120_000;
/** Rooms whose suites load isolated-vm, which asks for this option of Node. */
const addonRooms = ["examples", "plugins", "policy", "reload", "sandbox", "security", "testing"];
const addonOption = "--no-node-snapshot";
/**
 * What Node made of the sources: a process that is started from them takes three times as long as one of the built package,
 * which is what is measured.
 */
const compileCache = resolve("node_modules", ".cache", "compiled");
const denoPreload = "test/support/deno-call-sites.ts";

/** Runs a test file as the TAP program it is and counts its tests. */
export async function runSuite({ file, runtime }: Suite): Promise<Outcome> {
  const program = runtimeProgram(runtime);
  if (!existsSync(program)) return skippedSuite({ file, runtime }, `${program} is not installed`);
  const timeout = declaredTimeout(await readFile(file, "utf8"));
  const tally = emptyTally();
  const parser = tallyParser(tally);
  const result = await runCommand(program, runtimeArguments(runtime, file), {
    timeout,
    // The grace lets node-tap report its own timeout, which names the test that hangs.
    env: { TAP_TIMEOUT: String(timeout / 1000 - 5), NODE_COMPILE_CACHE: compileCache },
    onStdout: (text) => parser.write(text),
  });
  parser.end();
  const fault = suiteFault(result, tally);
  if (fault) tally.failed++;
  return {
    ...tally,
    name: suiteName(file),
    runtime,
    milliseconds: result.milliseconds,
    output: fault ? `${result.output}\n${file}: ${fault}` : result.output,
  };
}

/**
 * Bound on the wall time of a test file, in ms: what the file itself gives to `t.setTimeout`
 * (a literal, or a product of literals), when that is more than the default of two minutes.
 */
export function declaredTimeout(source: string): number {
  const declared = /\bt\.setTimeout\(([\d_\s*]+)\)/.exec(source)?.[1] ?? "0";
  const milliseconds = declared
    .split("*")
    .reduce((product, factor) => product * Number(factor.replaceAll("_", "")), 1);
  return Math.max(defaultTimeout, milliseconds);
}

/** A way for a suite to fail without a test that failed: it crashed, hung, or tested nothing. */
function suiteFault(result: CommandResult, tally: Tally): string | undefined {
  if (tally.failed > 0) return undefined;
  if (!result.ok) return result.ending;
  if (tally.passed + tally.skipped.length === 0) return "no test ran";
  return undefined;
}

function skippedSuite({ file, runtime }: Suite, why: string): Outcome {
  return { ...emptyTally(), skipped: [why], name: suiteName(file), runtime, milliseconds: 0, output: "" };
}

function suiteName(file: string): string {
  return file.replace(/^test\//, "").replace(/\.test\.ts$/, "");
}

function runtimeProgram(runtime: Runtime): string {
  if (runtime === "node") return process.execPath;
  if (runtime === "node-24") return join("node_modules", "node-24", "bin", "node");
  return join("node_modules", ".bin", "deno");
}

function runtimeArguments(runtime: Runtime, file: string): string[] {
  if (runtime === "deno") return ["run", "--quiet", "--allow-all", "--preload", denoPreload, file];
  return addonRooms.some((room) => file.startsWith(`test/${room}/`)) ? [addonOption, file] : [file];
}
