import t from "tap";
import { maxNames } from "../../../core/observe/counter-table.ts";
import { Metrics } from "../../../core/observe/metrics.ts";
import type { EndpointFacts } from "../../../core/observe/prometheus/endpoints.ts";
import { type ProcessFacts, renderPrometheus } from "../../../core/observe/prometheus/prometheus.ts";

const facts: ProcessFacts = {
  version: "1.2.3",
  runtime: "node 26.0.0",
  dataRestarts: 2,
  control: { cpuSeconds: 0.5, residentBytes: 1000 },
  data: { cpuSeconds: 1.5, residentBytes: 2000 },
};

t.test("renderPrometheus sums the reactors", async (t) => {
  const reactors = [new Metrics(), new Metrics()];
  for (const metrics of reactors) {
    metrics.requestFinished(metrics.routes.slot("api"), "GET", 200, 2, 5, 7);
    metrics.connectionOpened();
  }
  const text = renderPrometheus(
    reactors.map((metrics) => metrics.snapshot()),
    facts,
  );
  t.match(text, 'sluice_requests_total{route="api",method="GET",status="200"} 2\n');
  t.match(text, 'sluice_request_duration_seconds_bucket{route="api",le="0.001"} 0\n');
  t.match(text, 'sluice_request_duration_seconds_bucket{route="api",le="0.0025"} 2\n');
  t.match(text, 'sluice_request_duration_seconds_bucket{route="api",le="+Inf"} 2\n');
  t.match(text, 'sluice_request_duration_seconds_sum{route="api"} 0.004\n');
  t.match(text, 'sluice_request_duration_seconds_count{route="api"} 2\n');
  t.match(text, 'sluice_request_bytes_total{route="api"} 10\n');
  t.match(text, 'sluice_response_bytes_total{route="api"} 14\n');
  t.match(text, "sluice_connections 2\n");
});

t.test("renderPrometheus escapes label values", async (t) => {
  const metrics = new Metrics();
  metrics.requestFinished(metrics.routes.slot('a"b\\c\nd'), "GET", 200, 1, 0, 0);
  const text = renderPrometheus([metrics.snapshot()], facts);
  t.match(text, 'route="a\\"b\\\\c\\nd"');
});

t.test("renderPrometheus prints only lines that the text format knows", async (t) => {
  const metrics = new Metrics();
  const cluster = metrics.clusters.slot("app");
  metrics.clusters.attempt(cluster, "connect_timeout");
  metrics.messageRefused("chunk_malformed");
  metrics.requestFinished(metrics.routes.slot("api"), "PUT", 502, 80_000, 0, 0);
  const text = renderPrometheus([metrics.snapshot()], facts);
  const sample = /^[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+$/;
  const comment = /^# (HELP|TYPE) [a-z_]+ /;
  for (const line of text.trimEnd().split("\n")) {
    t.match(line, line.startsWith("#") ? comment : sample);
  }
  t.ok(text.endsWith("\n"));
});

t.test(
  "renderPrometheus shows the retries of every cluster, those that the budget refused apart",
  async (t) => {
    const metrics = new Metrics();
    const app = metrics.clusters.slot("app");
    metrics.clusters.slot("calm");
    metrics.clusters.retry(app);
    metrics.clusters.retry(app);
    metrics.clusters.retryOverBudget(app);
    const text = renderPrometheus([metrics.snapshot(), metrics.snapshot()], facts);
    t.match(text, 'sluice_upstream_retries_total{cluster="app"} 4\n');
    t.match(text, 'sluice_upstream_retries_refused_total{cluster="app",reason="budget"} 2\n');
    t.match(text, 'sluice_upstream_retries_total{cluster="calm"} 0\n');
    t.match(text, 'sluice_upstream_retries_refused_total{cluster="calm",reason="budget"} 0\n');
  },
);

const endpoint: EndpointFacts = {
  cluster: "app",
  endpoint: "10.0.0.7:80",
  isHealthy: false,
  ejections: { success_rate: 3, latency: 0 },
  reconnects: 2,
  checks: { ok: 8, failed: 2 },
};

t.test("renderPrometheus shows the health of each endpoint", async (t) => {
  const unchecked = { ...endpoint, endpoint: "/run/app.sock", isHealthy: true, checks: null };
  const text = renderPrometheus([], { ...facts, endpoints: [endpoint, unchecked] });
  t.match(text, 'sluice_endpoint_healthy{cluster="app",endpoint="10.0.0.7:80"} 0\n');
  t.match(text, 'sluice_endpoint_healthy{cluster="app",endpoint="/run/app.sock"} 1\n');
  const ejected = 'sluice_endpoint_ejections_total{cluster="app",endpoint="10.0.0.7:80"';
  t.match(text, `${ejected},reason="success_rate"} 3\n`);
  t.match(text, `${ejected},reason="latency"} 0\n`);
  t.match(text, 'sluice_endpoint_reconnects_total{cluster="app",endpoint="10.0.0.7:80"} 2\n');
  t.match(text, 'sluice_health_checks_total{cluster="app",endpoint="10.0.0.7:80",result="ok"} 8\n');
  t.match(text, 'sluice_health_checks_total{cluster="app",endpoint="10.0.0.7:80",result="failed"} 2\n');
  t.notMatch(text, /sluice_health_checks_total\{cluster="app",endpoint="\/run/);
});

t.test(
  "renderPrometheus shows what is under way at clusters with limits, and what they refused",
  async (t) => {
    const metrics = new Metrics();
    const app = metrics.clusters.slot("app");
    metrics.clusters.refused(app, "concurrency", 3);
    metrics.clusters.refused(app, "concurrency", 3);
    metrics.clusters.refused(app, "requests", 0);
    metrics.clusters.retryOverMost(app);
    const limits = [
      { cluster: "app", requests: 7, retries: null, concurrency: { limit: 20, inFlight: 5 } },
      { cluster: "other", requests: null, retries: 2, concurrency: null },
    ];
    const text = renderPrometheus([metrics.snapshot(), metrics.snapshot()], { ...facts, limits });
    const refused = 'sluice_upstream_requests_refused_total{cluster="app"';
    t.match(text, `${refused},reason="concurrency",priority="3"} 4\n`);
    t.match(text, `${refused},reason="requests",priority="0"} 2\n`);
    t.match(text, 'sluice_upstream_retries_refused_total{cluster="app",reason="max_retries"} 2\n');
    t.match(text, 'sluice_upstream_requests{cluster="app"} 7\n');
    t.match(text, 'sluice_upstream_retries{cluster="other"} 2\n');
    t.match(text, 'sluice_upstream_concurrency_limit{cluster="app"} 20\n');
    t.match(text, 'sluice_upstream_concurrency{cluster="app"} 5\n');
    t.notMatch(text, /sluice_upstream_retries\{cluster="app"/, "what is not limited is not counted");
  },
);

t.test("renderPrometheus shows no more endpoints than there may be names", async (t) => {
  const endpoints = Array.from({ length: maxNames + 1 }, (_, i) => ({ ...endpoint, endpoint: `e${i}` }));
  const text = renderPrometheus([], { ...facts, endpoints });
  t.equal(text.match(/^sluice_endpoint_healthy\{/gm)?.length, maxNames);
  t.notMatch(text, `endpoint="e${maxNames}"`);
});

t.test("renderPrometheus says when the data process does not answer", async (t) => {
  const text = renderPrometheus([], { ...facts, data: null });
  t.match(text, "sluice_data_up 0\n");
  t.match(text, "sluice_data_restarts_total 2\n");
  t.notMatch(text, 'process="data"');
  t.match(text, 'sluice_build_info{version="1.2.3",runtime="node 26.0.0"} 1\n');
});
