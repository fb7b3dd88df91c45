import type { HedgeConfig } from "../../config/traffic-model.ts";
import type { LatencyWindow } from "./latency-window.ts";

/** Latencies below which no percentile is believed. */
const fewest = 20;

/**
 * ms after which a second attempt is sent beside the first one: the percentile of what the cluster takes (J. Dean and
 * L. A. Barroso, "The Tail at Scale", 2013, "hedged requests"), so that 1 - percentile of the requests at most are
 * sent twice. `Infinity` while too little is known for that. Hedges are retries to the budget, and to the
 * rules of what may be sent twice.
 *
 * @example
 * hedgeAfter({ percentile: 0.95, least: 10 }, window); // 48.2
 */
export function hedgeAfter({ percentile, least }: HedgeConfig, window: LatencyWindow): number {
  // With fewer the percentile is the slowest of them: there has to be one beyond it.
  if (window.count < Math.max(fewest, 1 / (1 - percentile))) return Number.POSITIVE_INFINITY;
  return Math.max(least, window.percentile(percentile));
}
