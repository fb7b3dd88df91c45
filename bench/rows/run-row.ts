import type { Metric } from "./metric.ts";
import type { Bench, ContestantResult, Row, RowResult } from "./row.ts";
import { spread, summarise } from "./statistics.ts";

/** Runs one row with the contestants that are installed, and says who is not. */
export async function runRow(row: Row, bench: Bench): Promise<RowResult> {
  for (const { name, proxy } of row.contestants) {
    if (proxy.absent !== null) bench.say(`${row.id}: ${name} skipped: ${proxy.absent}`);
  }
  const present = row.contestants.filter(({ proxy }) => proxy.absent === null);
  const trials = await row.measure(row, present, bench);
  const headline = row.metrics[0] as Metric;
  const results = [...trials].map(
    ([{ name }, samples]): ContestantResult => ({
      name,
      summary: summarise(samples),
      spread: spread(headline, samples),
      samples,
    }),
  );
  return {
    id: row.id,
    title: row.title,
    metrics: row.metrics,
    measuredAt: new Date().toISOString(),
    results,
  };
}
