import t from "tap";
import { rowCells } from "../../bench/report/cells.ts";
import { plainTable } from "../../bench/report/plain.ts";
import { svgReport } from "../../bench/report/svg.ts";
import type { RowResult } from "../../bench/rows/row.ts";

const row: RowResult = {
  id: "small",
  title: "Small & <plain>",
  metrics: ["cpuPerRequest", "errors"],
  measuredAt: "2025-01-01T00:00:00Z",
  results: [
    { name: "sluice", summary: { cpuPerRequest: 15, errors: 0 }, spread: 0.02, samples: [] },
    { name: "nginx", summary: { cpuPerRequest: 12, errors: 0 }, spread: 0.1, samples: [] },
  ],
};

t.test("plainTable lines its columns up", async (t) => {
  const lines = plainTable(rowCells(row)).trimEnd().split("\n");
  t.same(lines, [
    "Small & <plain>",
    "        CPU per request  errors  spread  / sluice",
    "sluice          15.0 µs       0     2 %      1.00",
    "nginx           12.0 µs       0    10 %      0.80",
  ]);
});

t.test("svgReport draws one bar per contestant, the longest for the highest value", async (t) => {
  const picture = svgReport([row]);
  const lengths = [...picture.matchAll(/<rect class="\w+" x="\d+" y="\d+" width="([\d.]+)"/g)].map(
    ([, length]) => Number(length),
  );
  t.equal(lengths.length, 2);
  t.ok(lengths[0]! > lengths[1]!);
  t.match(picture, "Small &amp; &lt;plain&gt;");
});
