/**
 * Numbers in the proxy's metrics, labelled with the name of the plugin. A name has lower-case letters,
 * digits and `_`.
 *
 * @example
 * ctx.metrics.counter("tenants_unknown");
 * ctx.metrics.histogram("lookup_ms", performance.now() - begun);
 */
export interface Metrics {
  /** Adds to a sum that only grows. Default: 1. */
  counter(name: string, value?: number): void;
  /** Counts a value among those that were observed. */
  histogram(name: string, value: number): void;
}
