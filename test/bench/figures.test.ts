import t from "tap";
import { figureResults } from "../../bench/report/figures.ts";
import type { Sample } from "../../bench/rows/metric.ts";
import type { RowResult } from "../../bench/rows/row.ts";

function rowResult(id: string, summaries: Record<string, Sample>): RowResult {
  const results = Object.entries(summaries).map(([name, summary]) => ({
    name,
    summary,
    spread: 0,
    samples: [],
  }));
  return { id, title: id, metrics: ["cpuPerRequest"], measuredAt: "2025-01-01T00:00:00Z", results };
}

t.test("figureResults divides what Sluice needed by what its rival needed", async (t) => {
  const row = rowResult("small", {
    sluice: { cpuPerRequest: 15 },
    "sluice-built": { cpuPerRequest: 12 },
    nginx: { cpuPerRequest: 10 },
    fastify: { cpuPerRequest: 30 },
  });
  t.match(figureResults([row]), [
    { title: /nginx's, as published$/, value: "1.20", must: "1.60", aim: "1.30", verdict: "aim met" },
    { title: /nginx's, from source$/, value: "1.50", verdict: "must met" },
    { title: /fastify.*, as published$/, value: "0.40", must: "0.40", aim: "0.30", verdict: "must met" },
    { title: /fastify.*, from source$/, value: "0.50", verdict: "missed" },
  ]);
});

t.test("figureResults wants more bytes, not fewer", async (t) => {
  const row = rowResult("big", { sluice: { bytesPerCpuSecond: 2e9 }, nginx: { bytesPerCpuSecond: 1e9 } });
  t.match(figureResults([row]), [{ value: "2.00", verdict: "aim met" }]);
});

t.test("figureResults divides what more plugins add by their number", async (t) => {
  const row = rowResult("plugins", {
    "sluice-gate-x1": { cpuPerRequest: 20 },
    "sluice-gate-x5": { cpuPerRequest: 32 },
  });
  const [isolates, quickjs] = figureResults([row]);
  t.match(isolates, { value: "3.0 µs", must: "5.0 µs", aim: "2.0 µs", verdict: "must met" });
  t.match(quickjs, { value: "", verdict: "not measured" });
});

t.test("figureResults says when one of the two was not measured", async (t) => {
  const row = rowResult("deno", { sluice: { cpuPerRequest: 15 } });
  t.match(figureResults([row]), [{ value: "", verdict: "not measured" }]);
});

t.test("figureResults leaves out rows that were not run", async (t) => {
  t.same(figureResults([]), []);
});
