import t from "tap";
import { maxNames } from "../../core/observe/counter-table.ts";
import { Metrics } from "../../core/observe/metrics.ts";
import { mirrorFamilies } from "../../core/observe/prometheus/mirrors.ts";

const render = (reactors: readonly Metrics[]) =>
  mirrorFamilies(reactors.map((metrics) => metrics.snapshot()))
    .map((family) => family.render())
    .join("");

t.test("copies are counted by route and cluster, over all reactors", async (t) => {
  const reactors = [new Metrics(), new Metrics()];
  for (const { mirrors } of reactors) {
    const slot = mirrors.slot("api", "next");
    mirrors.sent(slot);
    mirrors.dropped(slot, "in_flight");
    mirrors.failed(slot, "connect_refused");
    mirrors.sent(mirrors.slot("web", "next"));
  }
  const page = render(reactors);
  for (const line of [
    'sluice_mirror_requests_total{route="api",cluster="next"} 2',
    'sluice_mirror_requests_total{route="web",cluster="next"} 2',
    'sluice_mirror_dropped_total{route="api",cluster="next",reason="in_flight"} 2',
    'sluice_mirror_failures_total{route="api",cluster="next",reason="connect_refused"} 2',
  ]) {
    t.ok(page.includes(`${line}\n`), line);
  }
});

t.test("a pair is counted in the same place after a reload", async (t) => {
  const { mirrors } = new Metrics();
  t.equal(mirrors.slot("api", "next"), mirrors.slot("api", "next"));
  t.not(mirrors.slot("api", "next"), mirrors.slot("next", "api"));
});

t.test("pairs past the limit share one place", async (t) => {
  const metrics = new Metrics();
  for (let n = 0; n <= maxNames; n++) metrics.mirrors.sent(metrics.mirrors.slot(`r${n}`, "c"));
  t.match(render([metrics]), 'sluice_mirror_requests_total{route="other",cluster="other"} 1\n');
});

t.test("where there are no mirrors nothing is shown", async (t) => {
  t.same(new Metrics().snapshot().mirrors, []);
});

t.test("faults are counted by route and kind", async (t) => {
  const metrics = new Metrics();
  const slot = metrics.routes.slot("api");
  metrics.routes.faultInjected(slot, "abort");
  metrics.routes.faultInjected(slot, "delay");
  metrics.routes.faultInjected(slot, "delay");
  metrics.requestFinished(slot, "GET", 503, 1, 0, 0);
  const { routes, requests } = metrics.snapshot();
  t.same(routes[0]!.faults, [
    { reason: "delay", count: 2 },
    { reason: "abort", count: 1 },
  ]);
  t.same(requests, [{ route: "api", method: "GET", status: "503", count: 1 }]);
});
