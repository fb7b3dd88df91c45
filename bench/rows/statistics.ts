import type { Metric, Sample } from "./metric.ts";

/** The middle value, or the mean of the two middle ones; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The median of every metric; errors are added up, since one failure in one round is a failure. */
export function summarise(samples: readonly Sample[]): Sample {
  const metrics = Object.keys(samples[0] ?? {}) as Metric[];
  return Object.fromEntries(metrics.map((metric) => [metric, summariseOne(metric, samples)]));
}

/**
 * The smallest value that at least this share of them does not exceed; NaN of nothing.
 *
 * @example
 * percentile([1, 2, 3, 4], 0.5); // 2
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** Distance between the highest and the lowest value, as a share of the median. */
export function spread(metric: Metric, samples: readonly Sample[]): number {
  const values = valuesOf(metric, samples);
  return (Math.max(...values) - Math.min(...values)) / median(values);
}

function summariseOne(metric: Metric, samples: readonly Sample[]): number {
  const values = valuesOf(metric, samples);
  return metric === "errors" ? values.reduce((sum, value) => sum + value, 0) : median(values);
}

function valuesOf(metric: Metric, samples: readonly Sample[]): number[] {
  return samples.map((sample) => sample[metric]).filter((value) => value !== undefined);
}
