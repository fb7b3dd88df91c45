/** Results as rows of text, whatever they are printed as. */
import { type Metric, metricMeanings } from "../rows/metric.ts";
import type { ContestantResult, RowResult } from "../rows/row.ts";
import { figureResults } from "./figures.ts";

export interface Cells {
  readonly title: string;
  readonly head: readonly string[];
  readonly body: readonly (readonly string[])[];
}

export function rowCells(row: RowResult): Cells {
  const headline = row.metrics[0] as Metric;
  const reference = row.results[0]?.summary[headline];
  return {
    title: row.title,
    head: [
      "",
      ...row.metrics.map((metric) => metricMeanings[metric].title),
      "spread",
      `/ ${row.results[0]?.name}`,
    ],
    body: row.results.map((result) => [
      result.name,
      ...row.metrics.map((metric) => cell(metric, result)),
      `${(result.spread * 100).toFixed(0)} %`,
      ratio(result.summary[headline], reference),
    ]),
  };
}

export function figureCells(results: readonly RowResult[]): Cells {
  return {
    title: "Figures",
    head: ["", "measured", "must", "aim", ""],
    body: figureResults(results).map(({ title, value, must, aim, verdict }) => [
      title,
      value,
      must,
      aim,
      verdict,
    ]),
  };
}

function cell(metric: Metric, result: ContestantResult): string {
  const value = result.summary[metric];
  return value === undefined ? "" : metricMeanings[metric].format(value);
}

function ratio(value: number | undefined, reference: number | undefined): string {
  return value === undefined || reference === undefined ? "" : (value / reference).toFixed(2);
}
