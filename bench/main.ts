/** Sluice beside its rivals: `node bench/main.ts --help`. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { ownGenerator } from "./load/own.ts";
import { wrk } from "./load/wrk.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { killAllChildren } from "./process/child.ts";
import { findProgram } from "./process/find-program.ts";
import { profile } from "./profile.ts";
import { makeCertificate } from "./proxies/certificate.ts";
import { figureCells, rowCells } from "./report/cells.ts";
import { plainTable } from "./report/plain.ts";
import { saveResults } from "./report/save.ts";
import type { Bench, Row, RowResult } from "./rows/row.ts";
import { rows } from "./rows/rows.ts";
import { runRow } from "./rows/run-row.ts";
import { startUpstream } from "./upstream/start.ts";

const longestRunMs = 90 * 60 * 1000;

/** Runs what the options ask for. */
async function run(options: Options, directory: string): Promise<void> {
  const chosen = chooseRows(options);
  const bench = await prepare(options, directory);
  if (options.profile) {
    process.stdout.write(await profile(chosen[0] as Row, bench));
    return;
  }
  const results: RowResult[] = [];
  for (const row of chosen) {
    const result = await runRow(row, bench);
    process.stdout.write(`${plainTable(rowCells(result))}\n`);
    results.push(result);
  }
  process.stdout.write(plainTable(figureCells(results)));
  if (options.save) say(`saved in ${await saveResults(results)}`);
}

async function prepare({ pace }: Options, directory: string): Promise<Bench> {
  const program = findProgram("wrk");
  if (program === null) say("wrk is not installed: the load comes from the benchmark's own generator");
  return {
    directory,
    upstreamPort: (await startUpstream(longestRunMs)).port,
    certificate: await makeCertificate(directory),
    generator: program === null ? ownGenerator : wrk(program),
    pace,
    say,
    failed,
  };
}

function chooseRows({ rows: ids, only }: Options): Row[] {
  check("row", ids, new Set(rows.map(({ id }) => id)));
  check(
    "proxy",
    only,
    new Set(rows.flatMap(({ contestants }) => contestants.map(({ proxy }) => proxy.name))),
  );
  return rows
    .filter(({ id }) => ids?.includes(id) ?? true)
    .map((row) => ({
      ...row,
      contestants: row.contestants.filter(({ proxy }) => only?.includes(proxy.name) ?? true),
    }))
    .filter(({ contestants }) => contestants.length > 0);
}

function check(kind: string, asked: readonly string[] | null, known: ReadonlySet<string>): void {
  const unknown = asked?.find((name) => !known.has(name));
  if (unknown !== undefined)
    throw new TypeError(`Unknown ${kind} ${unknown}: known are ${[...known].join(", ")}`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function failed(what: string, error: unknown): void {
  process.exitCode = 1;
  say(`${what} failed: ${error instanceof Error ? error.message : String(error)}`);
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(usage);
    return;
  }
  if (process.platform !== "linux")
    throw new Error("Cannot run the benchmark: it reads the costs from Linux's /proc");
  const directory = mkdtempSync(join(os.tmpdir(), "sluice-bench-"));
  process.once("exit", () => {
    killAllChildren();
    rmSync(directory, { recursive: true, force: true });
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => process.exit(130));
  await run(options, directory);
  process.exit();
}

main().catch((error: unknown) => {
  failed("bench", error);
  process.exit(error instanceof TypeError ? 2 : 1);
});
