import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t, { type Test } from "tap";
import { configFromFlags } from "../../../core/config/from-flags.ts";
import { clustersPage, endpointFacts, limitFacts } from "../../../core/control/admin/clusters-page.ts";
import type { PlaneReport } from "../../../core/data/plane.ts";
import type { EndpointReport } from "../../../core/upstream/cluster-report.ts";
import { startSluice } from "../running-sluice.ts";

/** Returns the address. */
async function startEndpoint(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Shown {
  readonly name: string;
  readonly endpoints: readonly { readonly address: string; readonly [key: string]: unknown }[];
}

t.test("/clusters and /metrics tell of the health of every endpoint, of all workers together", async (t) => {
  const good = await startEndpoint(t, (_, response) => response.end("good"));
  const sick = await startEndpoint(t, (_, response) => response.writeHead(503).end());
  const faulty = await startEndpoint(t, (_, response) => response.writeHead(500).end());
  const file = join(t.testdir(), "sluice.yaml");
  writeFileSync(
    file,
    `listeners: [{ address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
workers: 2
clusters:
  checked:
    endpoints: [{ url: "http://${good}", zone: a, weight: 3 }, { url: "http://${sick}", priority: 1 }]
    health: { path: /healthz, interval: 1s }
  watched:
    balance: least-requests
    endpoints: ["http://${good}", "http://${faulty}"]
routes: [{ path: /checked, cluster: checked }, { path: /watched, cluster: watched }]
`,
  );
  const sluice = startSluice(t, "--config", file);
  const [url, admin] = [await sluice.url(), await sluice.adminUrl()];
  const clusters = async () => {
    const response = await fetch(`${admin}/clusters`);
    return ((await response.json()) as { clusters: Shown[] }).clusters;
  };
  const stateOf = async (address: string) =>
    (await clusters()).flatMap(({ endpoints }) => endpoints).find((one) => one.address === address)!["state"];
  while ((await stateOf(sick)) !== "unhealthy") await delay(20);
  while ((await stateOf(faulty)) !== "ejected") await (await fetch(`${url}/watched`)).text();

  const [checked, watched] = await clusters();
  t.match(checked, { name: "checked", balance: "round-robin", discovery: null });
  t.match(checked!.endpoints, [
    {
      ...{ address: good, weight: 3, zone: "a", priority: 0, state: "healthy", reason: null, ejections: 0 },
      ...{ inFlight: 0, connections: 0, checks: { state: "healthy", failed: 0 } },
    },
    {
      ...{ address: sick, weight: 1, zone: null, priority: 1, state: "unhealthy", ejectedUntil: null },
      ...{ reason: "health check: status 503", checks: { last: { outcome: { ok: false } } } },
    },
  ]);
  t.equal(watched!.endpoints.length, 2);
  t.match(watched!.endpoints[1], {
    ...{ state: "ejected", reason: "consecutive_failures 5", ejections: 1, checks: null },
    ejectedUntil: /^\d{4}-\d\d-\d\dT/,
  });

  const metrics = await (await fetch(`${admin}/metrics`)).text();
  t.match(metrics, `sluice_endpoint_healthy{cluster="checked",endpoint="${good}"} 1\n`);
  t.match(metrics, `sluice_endpoint_healthy{cluster="checked",endpoint="${sick}"} 0\n`);
  t.match(metrics, `sluice_endpoint_healthy{cluster="watched",endpoint="${faulty}"} 0\n`);
  const ejected = `sluice_endpoint_ejections_total{cluster="watched",endpoint="${faulty}"`;
  t.match(metrics, `${ejected},reason="consecutive_failures"} 1\n`);
  t.match(metrics, `${ejected},reason="success_rate"} 0\n`);
  const failed = `sluice_health_checks_total{cluster="checked",endpoint="${sick}",result="failed"} `;
  t.match(metrics, new RegExp(`${failed.replace(/[{}]/g, "\\$&")}[1-9]`));
});

const healthy: EndpointReport = {
  ...{ address: "10.0.0.7:80", weight: 1, zone: null, priority: 0, inFlight: 2, connections: 3 },
  ejectionsBy: { consecutive_failures: 1 },
  reconnects: 1,
  health: {
    ...{
      state: "healthy",
      since: "2026-01-01T00:00:00.000Z",
      reason: null,
      ejectedUntil: null,
      ejections: 1,
    },
    checks: { state: "healthy", reason: null, made: 5, failed: 2, contrary: 0, last: null },
  },
};

/** @param reactors endpoints that each reports, all of one cluster */
function reportOf(...reactors: EndpointReport[][]): PlaneReport {
  const clusters = reactors.map((endpoints) => [{ cluster: "app", endpoints, limits: null }]);
  return { snapshots: [], plugins: [], clusters, caches: [], cpuSeconds: 0, residentBytes: 0 };
}

const base = configFromFlags({
  upstreams: [{ ...healthy, address: { host: "10.0.0.7", port: 80 }, authority: "a", secure: false }],
});
const app = { ...base, clusters: [{ ...base.clusters[0]!, name: "app" }] };

t.test(
  "requests and connections of all reactors are summed, and health is that of the one that checks",
  async (t) => {
    const other = { ...healthy, health: { ...healthy.health, checks: null }, inFlight: 10, connections: 20 };
    const gone = { ...other, address: "10.0.0.8:80" };
    t.match(clustersPage(app, reportOf([healthy], [gone, other])), {
      clusters: [{ endpoints: [{ inFlight: 12, connections: 23, checks: { made: 5 }, ejections: 1 }] }],
    });
  },
);

t.test("endpoints are counted once, however many reactors know them", async (t) => {
  t.same(endpointFacts(reportOf([healthy], [healthy])), [
    {
      ...{ cluster: "app", endpoint: "10.0.0.7:80", isHealthy: true },
      ...{ ejections: { consecutive_failures: 1 }, reconnects: 1, checks: { ok: 3, failed: 2 } },
    },
  ]);
});

t.test(
  "of a cluster with limits the page and the metrics tell what is under way, once for all reactors",
  async (t) => {
    const [cluster] = app.clusters as [(typeof app.clusters)[number]];
    const limited = { ...cluster, maxRequests: 100, concurrency: { least: 4, most: 1000, tolerance: 1.5 } };
    const limits = { requests: 7, retries: null, concurrency: { limit: 20, inFlight: 5 } };
    const config = { ...app, clusters: [limited] };
    const report = {
      ...reportOf(),
      clusters: [0, 1].map(() => [{ cluster: "app", endpoints: [healthy], limits }]),
    };
    const limitsShown = (known: PlaneReport | null) =>
      (clustersPage(config, known) as { clusters: { limits: object }[] }).clusters[0]!.limits;
    t.same(limitsShown(report), {
      requests: { most: 100, inFlight: 7 },
      retries: null,
      concurrency: { ...limited.concurrency, limit: 20, inFlight: 5 },
    });
    t.same(limitsShown(null), {
      requests: { most: 100, inFlight: null },
      retries: null,
      concurrency: { ...limited.concurrency, limit: null, inFlight: null },
    });
    t.same(limitFacts(report), [{ cluster: "app", ...limits }]);
    t.same(limitFacts(reportOf([healthy])), [], "others are not counted");
    t.equal(limitFacts(null), null);
    t.match(clustersPage(app, report), { clusters: [{ limits: null }] });
  },
);

t.test("without a data process the state of endpoints is unknown", async (t) => {
  t.match(clustersPage(app, null), {
    clusters: [{ name: "app", endpoints: [{ address: "10.0.0.7:80", state: "unknown" }] }],
  });
  t.equal(endpointFacts(null), null);
});

t.test("where endpoints are discovered the page says how, without a secret", async (t) => {
  const names = { service: "api", tag: null, datacenter: null };
  const discovery = {
    kind: "consul",
    url: "http://u:secret@consul:8500",
    token: "secret",
    ...names,
  } as const;
  const text = JSON.stringify(clustersPage({ ...app, clusters: [{ ...app.clusters[0]!, discovery }] }, null));
  t.match(text, '"discovery":"consul api at http://');
  t.notMatch(text, "secret");
});
