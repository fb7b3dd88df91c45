import { join } from "node:path";
import { runCommand } from "./command.ts";
import type { Outcome } from "./outcome.ts";

const timeout = 120_000;

/** Runs an installed tool over the whole project; that it finds nothing counts as one test passed. */
export async function runCheck(name: string, program: string, args: readonly string[]): Promise<Outcome> {
  const { ok, ending, output, milliseconds } = await runCommand(join("node_modules", ".bin", program), args, {
    timeout,
  });
  return {
    name,
    runtime: null,
    passed: ok ? 1 : 0,
    failed: ok ? 0 : 1,
    skipped: [],
    milliseconds,
    output: `${output}\n${name}: ${ending}`,
  };
}
