/**
 * `npm test`: format and lint, types, then every suite. `npm test -- wire route/table` runs only
 * the suites whose path contains one of the names. The last line is `N passed, N failed`.
 */
import { join } from "node:path";
import { runCommand, stopWithCommands } from "./run/command.ts";
import { runPool } from "./run/pool.ts";
import { printOutcome, seconds, summary } from "./run/report.ts";
import { findTestFiles, planSuites, selectFiles } from "./run/select.ts";
import { runSuite } from "./run/suite.ts";
import { emptyTally } from "./run/tally.ts";

/** Socket suites measure time: with more than two at once they would measure each other. */
const parallelSuites = 2;
const checkTimeout = 120_000;

process.chdir(join(import.meta.dirname, ".."));
stopWithCommands();

const total = emptyTally();
const names = process.argv.slice(2);
if (names.length === 0) {
  await check("format and lint", "biome", ["ci", "--colors=off", "."]);
  await check("types", "tsc", ["-p", "."]);
}
await runSuites(names);
console.log(summary(total));
process.exitCode = total.failed > 0 ? 1 : 0;

async function check(name: string, program: string, args: string[]): Promise<void> {
  const result = await runCommand(join("node_modules", ".bin", program), args, { timeout: checkTimeout });
  if (result.ok) total.passed++;
  else {
    total.failed++;
    console.log(`${result.output.trimEnd()}\n${name}: ${result.ending}`);
  }
  console.log(`${(result.ok ? "ok" : "FAIL").padEnd(5)}${name.padEnd(66)}${seconds(result.milliseconds)}`);
}

async function runSuites(names: readonly string[]): Promise<void> {
  const suites = planSuites(selectFiles(findTestFiles(), names));
  for await (const outcome of runPool(suites, parallelSuites, runSuite)) {
    printOutcome(outcome);
    total.passed += outcome.passed;
    total.failed += outcome.failed;
    total.skipped.push(...outcome.skipped);
  }
}
