/**
 * Numbers in the proxy's metrics, labelled with the name of the plugin. A name has lower-case letters,
 * digits and `_`.
 *
 * @example
 * ctx.metrics.counter("tenants_unknown");
 * ctx.metrics.histogram("lookup_ms", performance.now() - begun);
 */
export interface Metrics {
  /** Adds to a sum that only grows: a negative value is a `RangeError`. Default: 1. */
  counter(name: string, value?: number): void;
  /**
   * Says what something is now, until it is said again. Each reactor says it for itself; `across` is what the metric
   * makes of them: their `sum` (the default), the `max`, or the `last` one that was said, for what all share.
   *
   * @example
   * ctx.metrics.gauge("queued", 7, "max");
   */
  gauge(name: string, value: number, across?: "sum" | "max" | "last"): void;
  /** Counts a value among those that were observed. */
  histogram(name: string, value: number): void;
}
