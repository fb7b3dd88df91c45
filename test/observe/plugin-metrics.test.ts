import t from "tap";
import { Metrics } from "../../core/observe/metrics.ts";
import { maxPluginMetrics, PluginMetrics, pluginBounds } from "../../core/observe/plugin-metrics.ts";
import { renderPrometheus } from "../../core/observe/prometheus/prometheus.ts";
import { until } from "../net/until.ts";

function render(...reactors: Metrics[]): string {
  return renderPrometheus(
    reactors.map((metrics) => metrics.snapshot()),
    {
      version: "1.2.3",
      runtime: "node 26.0.0",
      dataRestarts: 0,
      control: { cpuSeconds: 0, residentBytes: 0 },
      data: null,
    },
  );
}

t.test("what plugins count is summed over the reactors", async (t) => {
  const reactors = [new Metrics(), new Metrics()];
  for (const { plugins } of reactors) {
    plugins.add("counter", "tenant", "unknown", 1);
    plugins.add("counter", "tenant", "unknown", 2.5);
    plugins.add("histogram", "tenant", "lookup_ms", 3);
    plugins.add("histogram", "tenant", "lookup_ms", 5e6);
  }
  const text = render(...reactors);
  t.match(text, 'sluice_plugin_counter_total{plugin="tenant",name="unknown"} 7\n');
  t.match(text, 'sluice_plugin_histogram_bucket{plugin="tenant",name="lookup_ms",le="2.5"} 0\n');
  t.match(text, 'sluice_plugin_histogram_bucket{plugin="tenant",name="lookup_ms",le="5"} 2\n');
  t.match(text, 'sluice_plugin_histogram_bucket{plugin="tenant",name="lookup_ms",le="+Inf"} 4\n');
  t.match(text, 'sluice_plugin_histogram_sum{plugin="tenant",name="lookup_ms"} 10000006\n');
  t.match(text, 'sluice_plugin_histogram_count{plugin="tenant",name="lookup_ms"} 4\n');
  t.match(text, 'sluice_plugin_metrics_dropped_total{plugin="tenant"} 0\n');
});

t.test("a gauge is the sum or the largest of what reactors say, or what was said last", async (t) => {
  const [first, second] = [new Metrics(), new Metrics()];
  for (const [kind, name] of [
    ["sum", "sessions"],
    ["max", "oldest"],
    ["last", "state"],
  ] as const) {
    first.plugins.add(kind, "tenant", name, 9);
    second.plugins.add(kind, "tenant", name, 4);
    first.plugins.add(kind, "tenant", name, 3);
  }
  const now = performance.now();
  await until(() => performance.now() > now);
  second.plugins.add("last", "tenant", "state", -1);
  for (const text of [render(first, second), render(second, first)]) {
    t.match(text, "# TYPE sluice_plugin_gauge gauge\n");
    t.match(text, 'sluice_plugin_gauge{plugin="tenant",name="sessions"} 7\n');
    t.match(text, 'sluice_plugin_gauge{plugin="tenant",name="oldest"} 4\n');
    t.match(text, 'sluice_plugin_gauge{plugin="tenant",name="state"} -1\n');
  }
});

t.test("gauges count among the names that a plugin may have", async (t) => {
  const metrics = new PluginMetrics();
  for (let index = 0; index <= maxPluginMetrics; index++) metrics.add("sum", "plugin", `name_${index}`, 1);
  metrics.add("sum", "plugin", "name_0", 5);
  const [own] = metrics.snapshot();
  t.equal(own!.gauges.length, maxPluginMetrics);
  t.match(own!.gauges[0], { name: "name_0", value: 5 });
  t.equal(own!.dropped, 1);
});

t.test("without plugins that count there is nothing to show", async (t) => {
  t.notMatch(render(new Metrics()), "sluice_plugin_");
});

t.test("a value on a bound belongs to the bucket below it, one beyond every bound to the last", async (t) => {
  const metrics = new PluginMetrics();
  for (const value of [-1, pluginBounds[0]!, pluginBounds.at(-1)!, pluginBounds.at(-1)! + 1]) {
    metrics.add("histogram", "plugin", "size", value);
  }
  const { buckets } = metrics.snapshot()[0]!.histograms[0]!;
  t.equal(buckets.length, pluginBounds.length + 1);
  t.equal(buckets[0], 2);
  t.same(buckets.slice(-2), [1, 1]);
});

t.test(
  "a plugin that makes up names keeps the first hundred, and the rest is counted as dropped",
  async (t) => {
    const metrics = new PluginMetrics();
    for (let index = 0; index < 150; index++) {
      metrics.add(index % 2 === 0 ? "counter" : "histogram", "plugin", `name_${index}`, 1);
    }
    metrics.add("counter", "plugin", "name_0", 1);
    metrics.add("counter", "other", "name_149", 1);
    const [own, other] = metrics.snapshot();
    t.equal(own!.counters.length + own!.histograms.length, maxPluginMetrics);
    t.equal(own!.dropped, 50);
    t.equal(own!.counters[0]!.value, 2);
    t.same(other, {
      plugin: "other",
      counters: [{ name: "name_149", value: 1 }],
      gauges: [],
      histograms: [],
      dropped: 0,
    });
  },
);

t.test("a counter never falls and no sum leaves the numbers that JSON has", async (t) => {
  const metrics = new PluginMetrics();
  metrics.add("counter", "plugin", "calls", 3);
  metrics.add("counter", "plugin", "calls", -1);
  for (let turn = 0; turn < 2; turn++) {
    metrics.add("counter", "plugin", "calls", Number.MAX_VALUE);
    metrics.add("histogram", "plugin", "size", Number.MAX_VALUE);
    metrics.add("histogram", "plugin", "size", -Number.MAX_VALUE);
  }
  const [own] = metrics.snapshot();
  t.equal(own!.counters[0]!.value, 3);
  t.equal(own!.histograms[0]!.sum, 0);
  t.equal(own!.dropped, 7);
  t.same(JSON.parse(JSON.stringify(own)), own);
});
