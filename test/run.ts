/**
 * `npm test`: format and lint, types, then every suite. `npm test -- wire route/table` runs only
 * the suites whose path contains one of the names. The last line is `N passed, N failed`.
 */
import { join } from "node:path";
import { runCheck } from "./run/check.ts";
import { stopWithCommands } from "./run/command.ts";
import type { Outcome } from "./run/outcome.ts";
import { runPool } from "./run/pool.ts";
import { printOutcome, summary } from "./run/report.ts";
import { findTestFiles, planSuites, runsAlone, selectFiles, strayNames } from "./run/select.ts";
import { runSuite } from "./run/suite.ts";
import { emptyTally } from "./run/tally.ts";

/** Socket suites measure time: with more than two at once they would measure each other. */
const parallelSuites = 2;

process.chdir(join(import.meta.dirname, ".."));
stopWithCommands();

const total = emptyTally();
const failures: string[] = [];
const names = process.argv.slice(2);
if (names.length === 0) {
  settle(await runCheck("format and lint", "biome", ["ci", "--colors=off", "."]));
  settle(await runCheck("types", "tsc", ["-p", "."]));
}
const files = findTestFiles();
for (const name of strayNames(files, names)) {
  total.failed++;
  failures.push(`${name} is in the path of no test file`);
}
const suites = planSuites(selectFiles(files, names));
const others = suites.filter((suite) => !runsAlone(suite));
for await (const outcome of runPool(others, parallelSuites, runSuite)) settle(outcome);
for await (const outcome of runPool(suites.filter(runsAlone), 1, runSuite)) settle(outcome);
for (const name of failures) console.log(`failed: ${name}`);
console.log(summary(total));
process.exitCode = total.failed > 0 ? 1 : 0;

function settle(outcome: Outcome): void {
  printOutcome(outcome);
  total.passed += outcome.passed;
  total.failed += outcome.failed;
  total.skipped.push(...outcome.skipped);
  if (outcome.failed > 0) failures.push([outcome.name, outcome.runtime].filter(Boolean).join(" on "));
}
