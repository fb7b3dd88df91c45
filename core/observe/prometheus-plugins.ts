import { Family } from "./metric-family.ts";
import type { MetricsSnapshot } from "./metrics.ts";
import { pluginBounds } from "./plugin-metrics.ts";

/** What plugins counted of their own; nothing while none did. */
export function pluginMetricFamilies(snapshots: readonly MetricsSnapshot[]): Family[] {
  const plugins = snapshots.flatMap((snapshot) => snapshot.plugins);
  if (plugins.length === 0) return [];
  const counters = new Family("sluice_plugin_counter_total", "counter", "Counters of plugins.");
  const histograms = new Family("sluice_plugin_histogram", "histogram", "Histograms of plugins.");
  const dropped = new Family(
    "sluice_plugin_metrics_dropped_total",
    "counter",
    "Values that a plugin counted under a name too many, or that a counter cannot take.",
  );
  for (const { plugin, ...own } of plugins) {
    for (const { name, value } of own.counters) counters.add({ plugin, name }, value);
    for (const { name, buckets, sum } of own.histograms) {
      histograms.addHistogram({ plugin, name }, pluginBounds, buckets, sum);
    }
    dropped.add({ plugin }, own.dropped);
  }
  return [counters, histograms, dropped];
}
