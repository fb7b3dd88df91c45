import t from "tap";
import { maxNames, overflowName } from "../../core/observe/counter-table.ts";
import { Metrics } from "../../core/observe/metrics.ts";

t.test("Metrics counts a request under its route, method and status", async (t) => {
  const metrics = new Metrics();
  const slot = metrics.routes.slot("api");
  metrics.requestStarted();
  t.equal(metrics.snapshot().totals.requestsInFlight, 1);
  metrics.requestFinished(slot, "GET", 200, 3, 10, 20);
  const snapshot = metrics.snapshot();
  t.equal(snapshot.totals.requestsInFlight, 0);
  t.same(snapshot.requests, [{ route: "api", method: "GET", status: "200", count: 1 }]);
  t.equal(snapshot.routes.length, 1);
  t.match(snapshot.routes[0], { route: "api", durationMs: 3, bytesIn: 10, bytesOut: 20 });
});

t.test("Metrics keeps labels bounded whatever clients and upstreams send", async (t) => {
  const metrics = new Metrics();
  const slot = metrics.routes.slot("api");
  for (let index = 0; index < 1000; index++) {
    metrics.requestFinished(slot, `M${index}`, index, 1, 0, 0);
  }
  const { requests } = metrics.snapshot();
  t.same(new Set(requests.map((entry) => entry.method)), new Set(["other"]));
  t.ok(requests.length < 80, `${requests.length} series`);
  t.equal(
    requests.reduce((sum, entry) => sum + entry.count, 0),
    1000,
  );
  t.ok(requests.some((entry) => entry.status === "4xx"));
  t.ok(requests.some((entry) => entry.status === "other"));
});

t.test("Metrics gives a name the same slot again, and one slot to every name too many", async (t) => {
  const metrics = new Metrics();
  const first = metrics.routes.slot("__proto__");
  for (let index = 0; index < maxNames + 10; index++) {
    metrics.routes.slot(`route ${index}`);
  }
  t.equal(metrics.routes.slot("__proto__"), first);
  t.equal(metrics.routes.slot("one too many"), metrics.routes.slot("two too many"));
  metrics.requestFinished(metrics.routes.slot("one too many"), "GET", 200, 1, 0, 0);
  t.equal(metrics.snapshot().requests[0]?.route, overflowName);
});

t.test("Metrics keeps its counts when a reload adds names", async (t) => {
  const metrics = new Metrics();
  const slot = metrics.clusters.slot("a");
  metrics.clusters.attempt(slot, null);
  metrics.clusters.attempt(slot, "connect_refused");
  for (let index = 0; index < 100; index++) {
    metrics.clusters.slot(`cluster ${index}`);
  }
  const cluster = metrics.snapshot().clusters.find((entry) => entry.cluster === "a");
  t.same(cluster?.attempts, [
    { reason: "ok", count: 1 },
    { reason: "connect_refused", count: 1 },
  ]);
});

t.test("Metrics puts a duration into the bucket whose bound it does not exceed", async (t) => {
  const metrics = new Metrics();
  const slot = metrics.routes.slot("api");
  for (const ms of [0, 0.5, 0.51, 60_000, 60_001]) {
    metrics.requestFinished(slot, "GET", 200, ms, 0, 0);
  }
  const buckets = metrics.snapshot().routes[0]?.buckets ?? [];
  t.equal(buckets[0], 2);
  t.equal(buckets[1], 1);
  t.equal(buckets.at(-2), 1);
  t.equal(buckets.at(-1), 1);
});

t.test("Metrics follows gauges up and down", async (t) => {
  const metrics = new Metrics();
  const slot = metrics.clusters.slot("app");
  metrics.connectionOpened();
  metrics.connectionOpened();
  metrics.connectionClosed();
  metrics.tunnels(1);
  metrics.clusters.connections(slot, 2);
  metrics.clusters.idle(slot, 1);
  metrics.clusters.pending(slot, 3);
  metrics.clusters.pending(slot, -3);
  metrics.messageRefused("field_malformed");
  metrics.reload(true);
  metrics.reload(false);
  const snapshot = metrics.snapshot();
  t.match(snapshot.totals, {
    connections: 1,
    connectionsTotal: 2,
    tunnels: 1,
    reloadsApplied: 1,
    reloadsRefused: 1,
  });
  t.match(
    snapshot.clusters.find((entry) => entry.cluster === "app"),
    { connections: 2, idle: 1, pending: 0 },
  );
  t.same(snapshot.refused, [{ reason: "field_malformed", count: 1 }]);
});
