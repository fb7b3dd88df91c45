import t from "tap";
import { median, percentile, spread, summarise } from "../../bench/rows/statistics.ts";

t.test("median takes the middle, or the mean of the two in the middle", async (t) => {
  t.equal(median([9, 1, 5]), 5);
  t.equal(median([4, 1, 3, 2]), 2.5);
  t.equal(median([10, 9, 100]), 10);
  t.ok(Number.isNaN(median([])));
});

t.test("percentile takes a value that was measured", async (t) => {
  const values = Array.from({ length: 40 }, (_, index) => 40 - index);
  t.equal(percentile(values, 0.5), 20);
  t.equal(percentile(values, 0.95), 38);
  t.equal(percentile([7], 0.95), 7);
  t.ok(Number.isNaN(percentile([], 0.5)));
});

t.test("summarise takes medians but adds errors up", async (t) => {
  const samples = [
    { cpuPerRequest: 12, errors: 0 },
    { cpuPerRequest: 30, errors: 2 },
    { cpuPerRequest: 13, errors: 1 },
  ];
  t.same(summarise(samples), { cpuPerRequest: 13, errors: 3 });
});

t.test("spread is the range as a share of the median", async (t) => {
  t.equal(spread("p50", [{ p50: 8 }, { p50: 12 }, { p50: 10 }]), 0.4);
});
