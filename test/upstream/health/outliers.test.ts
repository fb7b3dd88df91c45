import t from "tap";
import type { OutlierConfig } from "../../../core/config/traffic-model.ts";
import type { Conduct } from "../../../core/upstream/health/interval-counts.ts";
import { findOutliers } from "../../../core/upstream/health/outliers.ts";
import { outlierConfig } from "./outlier-config.ts";

const byRate: OutlierConfig = { ...outlierConfig, successRateDeviations: 1.9 };
const byLatency: OutlierConfig = { ...outlierConfig, latencyFactor: 3 };

function rates(...list: number[]): Conduct[] {
  return list.map((successRate) => ({ requests: 100, successRate, answers: 100 * successRate, latency: 10 }));
}

function latencies(...list: number[]): Conduct[] {
  return list.map((latency) => ({ requests: 100, successRate: 1, answers: 100, latency }));
}

function indices(conducts: readonly Conduct[], config: OutlierConfig): number[] {
  return findOutliers(conducts, config).map(({ index }) => index);
}

t.test("one of four that fails a fifth of its requests stands out", async (t) => {
  t.same(findOutliers(rates(1, 0.8, 1, 1), byRate), [
    { index: 1, reason: { kind: "success_rate", measure: 80 } },
  ]);
});

t.test("a rate is compared with the mean less so many deviations of the others", async (t) => {
  // The others: mean 0.9, deviation 0.1; the threshold is 0.9 - 1.9 * 0.1 = 0.71.
  t.same(indices(rates(1, 0.8, 1, 0.8, 0.72), byRate), []);
  t.same(indices(rates(1, 0.8, 1, 0.8, 0.7), byRate), [4]);
});

t.test("where all are bad alike nobody stands out", async (t) => {
  t.same(indices(rates(0.2, 0.2, 0.2, 0.2), byRate), []);
  t.same(indices(rates(0, 0, 0), byRate), []);
});

t.test("a single failure among endpoints without any is not enough", async (t) => {
  t.same(indices(rates(1, 1, 1, 0.99), byRate), []);
  t.same(indices(rates(1, 1, 1, 0.96), byRate), []);
});

t.test("the worst comes first", async (t) => {
  const many = Array.from({ length: 20 }, () => 1);
  t.same(indices(rates(...many, 0.6, 0.5, 0.7), byRate), [21, 20, 22]);
});

t.test("of two nobody is the outlier, and too few requests are no measure", async (t) => {
  t.same(indices(rates(1, 0), byRate), []);
  const few = { requests: 99, successRate: 0, answers: 0, latency: 0 };
  t.same(indices([...rates(1, 1, 1), few], byRate), []);
  t.same(indices([...rates(1, 1), few], byRate), []);
  t.same(indices([...rates(1, 1, 1), { ...few, requests: 100 }], byRate), [3]);
});

t.test("a latency above so many times the median stands out, and one at it does not", async (t) => {
  t.same(indices(latencies(10, 12, 30, 8), byLatency), []);
  t.same(indices(latencies(10, 10, 30, 10), byLatency), []);
  t.same(findOutliers(latencies(10, 10, 31, 10), byLatency), [
    { index: 2, reason: { kind: "latency", measure: 31 } },
  ]);
});

t.test("the median of an even number is between the middle two", async (t) => {
  // Median 15, threshold 45.
  t.same(indices(latencies(10, 10, 20, 45), byLatency), []);
  t.same(indices(latencies(10, 10, 20, 46), byLatency), [3]);
});

t.test("differences of a few ms are no matter, whatever the factor", async (t) => {
  t.same(indices(latencies(0.1, 0.1, 0.1, 10), byLatency), []);
  t.same(indices(latencies(0.1, 0.1, 0.1, 10.2), byLatency), [3]);
});

t.test("only endpoints with enough good answers are compared by latency", async (t) => {
  const failing = { requests: 1000, successRate: 0.05, answers: 50, latency: 900 };
  t.same(indices([...latencies(10, 10, 10), failing], byLatency), []);
});

t.test("what is switched off finds nobody; what stands out twice is named once", async (t) => {
  t.same(indices(rates(1, 1, 1, 0), outlierConfig), []);
  t.same(indices(latencies(1, 1, 1, 1000), outlierConfig), []);
  const both = [...rates(1, 1, 1), { requests: 1000, successRate: 0.5, answers: 500, latency: 900 }];
  t.same(findOutliers(both, { ...byRate, latencyFactor: 3 }), [
    { index: 3, reason: { kind: "success_rate", measure: 50 } },
  ]);
});
