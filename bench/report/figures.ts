/** The figures that Sluice has to reach, computed from what was measured. */
import { metricMeanings } from "../rows/metric.ts";
import type { RowResult } from "../rows/row.ts";
import { balanceFigures } from "./balance-figures.ts";
import { builtInFigures } from "./built-in-figures.ts";
import type { Figure } from "./figure.ts";
import { policyFigures } from "./policy-figures.ts";

export interface FigureResult {
  readonly title: string;
  readonly value: string;
  readonly must: string;
  readonly aim: string;
  readonly verdict: "aim met" | "must met" | "missed" | "not measured";
}

const kilobyte = 1000;

const proxyFigures: readonly Figure[] = [
  {
    title: "CPU per small request / nginx's, as published",
    row: "small",
    metric: "cpuPerRequest",
    of: "sluice-built",
    beside: "nginx",
    must: 1.6,
    aim: 1.3,
  },
  {
    title: "CPU per small request / nginx's, from source",
    row: "small",
    metric: "cpuPerRequest",
    of: "sluice",
    beside: "nginx",
    must: 1.6,
    aim: 1.3,
  },
  {
    title: "CPU per small request / @fastify/http-proxy's, as published",
    row: "small",
    metric: "cpuPerRequest",
    of: "sluice-built",
    beside: "fastify",
    must: 0.4,
    aim: 0.3,
  },
  {
    title: "CPU per small request / @fastify/http-proxy's, from source",
    row: "small",
    metric: "cpuPerRequest",
    of: "sluice",
    beside: "fastify",
    must: 0.4,
    aim: 0.3,
  },
  {
    title: "10 MB responses: bytes per CPU second / nginx's",
    row: "big",
    metric: "bytesPerCpuSecond",
    of: "sluice",
    beside: "nginx",
    must: 0.9,
    aim: 1,
  },
  {
    title: "memory per idle connection",
    row: "idle",
    metric: "memoryPerConnection",
    of: "sluice",
    must: 8 * kilobyte,
    aim: 6 * kilobyte,
  },
  {
    title: "CPU per request with 1 000 routes / with 1",
    row: "routes",
    metric: "cpuPerRequest",
    of: "sluice, 1000 routes",
    beside: "sluice, 1 route",
    must: 1.1,
    aim: 1.02,
  },
  {
    title: "under Deno / under Node, CPU per small request",
    row: "deno",
    metric: "cpuPerRequest",
    of: "sluice-deno",
    beside: "sluice",
    must: 1.6,
    aim: 1.3,
  },
  {
    title: "start to first proxied response, as published",
    row: "start",
    metric: "start",
    of: "sluice-built",
    must: 400,
    aim: 200,
  },
  {
    title: "start to first proxied response, from source",
    row: "start",
    metric: "start",
    of: "sluice",
    must: 400,
    aim: 200,
  },
];

/** One result for each figure whose row was run. */
export function figureResults(results: readonly RowResult[]): FigureResult[] {
  return [...proxyFigures, ...balanceFigures, ...policyFigures, ...builtInFigures].flatMap((figure) => {
    const row = results.find(({ id }) => id === figure.row);
    return row === undefined ? [] : [resultOf(figure, row)];
  });
}

function resultOf(figure: Figure, row: RowResult): FigureResult {
  const value = measuredValue(figure, row);
  const format = (number: number) =>
    figure.beside === undefined || figure.added !== undefined
      ? metricMeanings[figure.metric].format(number)
      : number.toFixed(2);
  return {
    title: figure.title,
    value: value === undefined ? "" : format(value),
    must: format(figure.must),
    aim: format(figure.aim),
    verdict: verdict(figure, value),
  };
}

function measuredValue({ metric, of, beside, added }: Figure, row: RowResult): number | undefined {
  const measured = (name: string) => row.results.find((result) => result.name === name)?.summary[metric];
  const own = measured(of);
  if (own === undefined || beside === undefined) return own;
  const other = measured(beside);
  if (other === undefined) return undefined;
  return added === undefined ? own / other : (own - other) / added;
}

function verdict({ metric, must, aim }: Figure, value: number | undefined): FigureResult["verdict"] {
  if (value === undefined) return "not measured";
  const reaches = (limit: number) =>
    metricMeanings[metric].better === "lower" ? value <= limit : value >= limit;
  if (reaches(aim)) return "aim met";
  return reaches(must) ? "must met" : "missed";
}
