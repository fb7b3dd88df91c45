import type { RowResult } from "../rows/row.ts";
import { type Cells, figureCells, rowCells } from "./cells.ts";
import type { Machine } from "./machine.ts";

/** The whole report as a Markdown page. */
export function markdownReport(machine: Machine, results: readonly RowResult[]): string {
  const tables = [figureCells(results), ...results.map(rowCells)].map(markdownTable);
  const where = Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`);
  return `# Results

![CPU, memory and time of every proxy](results.svg)

Medians of alternating rounds; what the columns mean is said in [the benchmark's README](../README.md).

${where.join("\n")}

${tables.join("\n")}`;
}

function markdownTable({ title, head, body }: Cells): string {
  const alignment = head.map((_, column) => (column === 0 ? "---" : "---:"));
  const lines = [head, alignment, ...body].map((line) => `| ${line.join(" | ")} |`);
  return `## ${title}\n\n${lines.join("\n")}\n`;
}
