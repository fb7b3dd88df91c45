/** Which endpoints stand out among those of their cluster. */
import type { OutlierConfig } from "../../config/traffic-model.ts";
import type { EjectionReason } from "./endpoint-table.ts";
import type { Conduct } from "./interval-counts.ts";

/** Of two that differ nobody can say which one is the outlier. */
const leastCompared = 3;
/** Where all others are alike a single failure is many deviations; below this share it costs clients little. */
const leastRateDifference = 0.05;
/** ms: among endpoints that answer in microseconds a factor says little. */
const leastLatencyDifference = 10;

export interface Outlier {
  /** Index of the endpoint among those that were given. */
  readonly index: number;
  readonly reason: EjectionReason;
}

/** What stands out after an interval, by either measure; the worst first, once each. */
export function findOutliers(conducts: readonly Conduct[], config: OutlierConfig): Outlier[] {
  const found = [...lowSuccess(conducts, config), ...highLatency(conducts, config)];
  return found.filter(({ index }, at) => found.findIndex((other) => other.index === index) === at);
}

/**
 * Endpoints whose success rate lies too many deviations below the mean, as in Envoy's `success_rate_stdev_factor`,
 * but the mean and deviation of the _others_: in a cluster of n nothing can lie more than sqrt(n - 1) deviations
 * from a mean that it is part of, so among four the worst one would pass with Envoy's usual factor of 1.9.
 *
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier#success-rate
 */
function lowSuccess(conducts: readonly Conduct[], config: OutlierConfig): Outlier[] {
  if (config.successRateDeviations === 0) return [];
  const compared = indicesOf(conducts, ({ requests }) => requests >= config.minRequests);
  if (compared.length < leastCompared) return [];
  const rates = compared.map((index) => conducts[index]!.successRate);
  const threshold = successThresholds(rates, config.successRateDeviations);
  return compared
    .filter((_, at) => rates[at]! < threshold[at]!)
    .sort((a, b) => conducts[a]!.successRate - conducts[b]!.successRate)
    .map((index) => ({
      index,
      reason: { kind: "success_rate", measure: conducts[index]!.successRate * 100 },
    }));
}

/** For each rate the one below which it stands out among the others. */
function successThresholds(rates: readonly number[], deviations: number): number[] {
  const others = rates.length - 1;
  const sum = rates.reduce((total, rate) => total + rate, 0);
  const squares = rates.reduce((total, rate) => total + rate * rate, 0);
  return rates.map((rate) => {
    const mean = (sum - rate) / others;
    const variance = Math.max(0, (squares - rate * rate) / others - mean * mean);
    return mean - Math.max(leastRateDifference, deviations * Math.sqrt(variance));
  });
}

/** Endpoints whose mean latency is too many times the median of all. */
function highLatency(conducts: readonly Conduct[], config: OutlierConfig): Outlier[] {
  if (config.latencyFactor === 0) return [];
  const compared = indicesOf(conducts, ({ answers }) => answers > 0 && answers >= config.minRequests);
  if (compared.length < leastCompared) return [];
  const middle = median(compared.map((index) => conducts[index]!.latency));
  const threshold = Math.max(middle * config.latencyFactor, middle + leastLatencyDifference);
  return compared
    .filter((index) => conducts[index]!.latency > threshold)
    .sort((a, b) => conducts[b]!.latency - conducts[a]!.latency)
    .map((index) => ({ index, reason: { kind: "latency", measure: conducts[index]!.latency } }));
}

function indicesOf(conducts: readonly Conduct[], isCompared: (conduct: Conduct) => boolean): number[] {
  return conducts.flatMap((conduct, index) => (isCompared(conduct) ? [index] : []));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >>> 1]!;
  return sorted.length % 2 === 1 ? upper : (sorted[(sorted.length >>> 1) - 1]! + upper) / 2;
}
