import type { Metric } from "../rows/metric.ts";

/** One number that Sluice has to reach. */
export interface Figure {
  readonly title: string;
  readonly row: string;
  /** A value of Sluice, divided by the same value of `beside` where that is given. */
  readonly metric: Metric;
  readonly of: string;
  readonly beside?: string;
  /** Instead of dividing by `beside`: take it away, and divide the rest by this number of things added. */
  readonly added?: number;
  readonly must: number;
  readonly aim: number;
}
