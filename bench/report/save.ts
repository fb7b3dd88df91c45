import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { RowResult } from "../rows/row.ts";
import { rows } from "../rows/rows.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { markdownReport } from "./markdown.ts";
import { svgReport } from "./svg.ts";

const directory = fileURLToPath(new URL("../results/", import.meta.url));

interface Saved {
  readonly machine: Machine;
  readonly rows: readonly RowResult[];
}

/**
 * Writes results.json, README.md and results.svg. Rows that were not run now keep their older
 * result: contestants are compared within a row, and a row always comes from one run.
 *
 * @returns the directory
 */
export async function saveResults(fresh: readonly RowResult[]): Promise<string> {
  const known = new Map((await savedRows()).map((row) => [row.id, row]));
  for (const row of fresh) known.set(row.id, row);
  const results = rows.flatMap(({ id }) => known.get(id) ?? []);
  const saved: Saved = { machine: await describeMachine(), rows: results };
  await mkdir(directory, { recursive: true });
  await writeFile(`${directory}results.json`, `${JSON.stringify(saved, null, 2)}\n`);
  await writeFile(`${directory}README.md`, markdownReport(saved.machine, results));
  await writeFile(`${directory}results.svg`, svgReport(results));
  return directory;
}

async function savedRows(): Promise<readonly RowResult[]> {
  const text = await readFile(`${directory}results.json`, "utf8").catch(() => null);
  return text === null ? [] : (JSON.parse(text) as Saved).rows;
}
