import t from "tap";
import { defaultHealthCheck, defaultOutlier } from "../../core/config/traffic-defaults.ts";
import type { Gateway } from "../../core/proxy/gateway.ts";
import { type EndpointReport, reportClusters } from "../../core/upstream/cluster-report.ts";
import { until } from "../net/until.ts";
import { get, startGateway } from "../support/gateway.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

const broken = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";

/** As it arrives in another process. */
function endpointsOf({ generation, upstream }: Gateway): readonly EndpointReport[] {
  const [report] = reportClusters(generation.clusters.values(), upstream);
  return JSON.parse(JSON.stringify(report!.endpoints));
}

t.test(
  "a cluster's report tells why an endpoint is ejected, until when, and how often for which reason",
  async (t) => {
    const bad = await startUpstream(t, () => broken);
    const good = await startUpstream(t, () => ok("fine"));
    const proxy = await startGateway(t, [bad.address, good.address], {
      cluster: { outlier: defaultOutlier },
    });
    for (let i = 0; i < 10; i++) await proxy.ask(get());
    const [ejected, healthy] = endpointsOf(proxy.gateway);
    t.match(ejected!.health, {
      state: "ejected",
      reason: "consecutive_failures 5",
      ejections: 1,
      checks: null,
    });
    const { since, ejectedUntil } = ejected!.health;
    t.equal(Date.parse(ejectedUntil!) - Date.parse(since), defaultOutlier.ejection);
    t.same(ejected!.ejectionsBy, { consecutive_failures: 1, success_rate: 0, latency: 0 });
    t.match(healthy!.health, { state: "healthy", reason: null, ejectedUntil: null, ejections: 0 });
    t.same(healthy!.ejectionsBy, { consecutive_failures: 0, success_rate: 0, latency: 0 });
  },
);

t.test(
  "a cluster's report counts the requests in flight and the open connections of each endpoint",
  async (t) => {
    const slow = await startUpstream(t);
    const proxy = await startGateway(t, slow.address);
    const client = await proxy.connect();
    client.write(get());
    const { peer } = await slow.request();
    t.match(endpointsOf(proxy.gateway), [
      { inFlight: 1, connections: 1, weight: 1, zone: null, priority: 0 },
    ]);
    peer.write(ok("late"));
    await client.take("late");
    await until(() => endpointsOf(proxy.gateway)[0]!.inFlight === 0);
    t.match(endpointsOf(proxy.gateway), [{ inFlight: 0, connections: 1 }]);
  },
);

t.test("a cluster's report tells what active checks found", async (t) => {
  const sick = await startUpstream(t, ({ startLine }) =>
    startLine.includes("/healthz") ? broken : ok("fine"),
  );
  const proxy = await startGateway(t, sick.address, { cluster: { health: defaultHealthCheck } });
  await until(() => endpointsOf(proxy.gateway)[0]!.health.checks!.made > 0);
  t.match(endpointsOf(proxy.gateway), [
    {
      health: {
        state: "unhealthy",
        reason: "health check: status 500",
        ejectedUntil: null,
        checks: { state: "unhealthy", failed: Number, last: { took: Number, outcome: { ok: false } } },
      },
    },
  ]);
});
