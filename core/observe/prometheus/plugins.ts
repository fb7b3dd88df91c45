import { Family } from "../metric-family.ts";
import type { MetricsSnapshot } from "../metrics.ts";
import { type PluginGauge, type PluginMetricsSnapshot, pluginBounds } from "../plugin-metrics.ts";

/** What plugins counted of their own; nothing while none did. */
export function pluginMetricFamilies(snapshots: readonly MetricsSnapshot[]): Family[] {
  const plugins = snapshots.flatMap((snapshot) => snapshot.plugins);
  if (plugins.length === 0) return [];
  const counters = new Family("sluice_plugin_counter_total", "counter", "Counters of plugins.");
  const gauges = new Family("sluice_plugin_gauge", "gauge", "Gauges of plugins.");
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
  for (const { plugin, name, value } of gaugesIn(plugins)) gauges.add({ plugin, name }, value);
  return [counters, gauges, histograms, dropped];
}

/** One of each name, over all reactors. */
function gaugesIn(
  plugins: readonly PluginMetricsSnapshot[],
): { plugin: string; name: string; value: number }[] {
  const all = plugins.flatMap(({ plugin, gauges }) => gauges.map((gauge) => ({ plugin, ...gauge })));
  const byName = Map.groupBy(all, ({ plugin, name }) => `${plugin} ${name}`);
  return [...byName.values()].map((same) => ({ ...same[0]!, value: valueAcross(same) }));
}

function valueAcross(same: readonly PluginGauge[]): number {
  switch (same[0]!.across) {
    case "sum":
      return same.reduce((sum, { value }) => sum + value, 0);
    case "max":
      return Math.max(...same.map(({ value }) => value));
    case "last":
      return same.reduce((last, each) => (each.at > last.at ? each : last)).value;
  }
}
