import { readFile } from "node:fs/promises";
import { join } from "node:path";
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
const denoPreload = "test/support/deno-call-sites.ts";

/** Runs a test file as the TAP program it is and counts its tests. */
export async function runSuite({ file, runtime }: Suite): Promise<Outcome> {
  const timeout = declaredTimeout(await readFile(file, "utf8"));
  const tally = emptyTally();
  const parser = tallyParser(tally);
  const result = await runCommand(runtimeProgram(runtime), runtimeArguments(runtime, file), {
    timeout,
    // The grace lets node-tap report its own timeout, which names the test that hangs.
    env: { TAP_TIMEOUT: String(timeout / 1000 - 5) },
    onStdout: (text) => parser.write(text),
  });
  parser.end();
  const fault = suiteFault(result, tally);
  if (fault) tally.failed++;
  return {
    ...tally,
    name: file.replace(/^test\//, "").replace(/\.test\.ts$/, ""),
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

function runtimeProgram(runtime: Runtime): string {
  return runtime === "node" ? process.execPath : join("node_modules", ".bin", "deno");
}

function runtimeArguments(runtime: Runtime, file: string): string[] {
  return runtime === "node" ? [file] : ["run", "--quiet", "--allow-all", "--preload", denoPreload, file];
}
