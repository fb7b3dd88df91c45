import t from "tap";
import { priorityLines } from "../../../core/cli/plan/overload-text.ts";
import { describeRoute } from "../../../core/cli/plan/route-description.ts";
import { describeTraffic } from "../../../core/cli/plan/traffic-description.ts";
import { trafficLines } from "../../../core/cli/plan/traffic-text.ts";
import { loadConfig } from "../../../core/config/load.ts";

/** What `sluice plan` prints for the only route of a config. */
function planned(yaml: string): string[] {
  const { clusters, routes } = loadConfig("sluice.yaml", yaml, { env: {} });
  return trafficLines("app", describeTraffic(routes[0]!, clusters[0]!));
}

t.test("a plan tells where requests go, for how long, how often, and who is left out", async (t) => {
  const lines = planned(`
clusters:
  app:
    endpoints: [{ url: "http://127.0.0.1:3000", weight: 3 }, { url: "http://[::1]:80", zone: b, priority: 1 }]
    balance: ring-hash
    hashOn: { header: x-user }
    sticky: {}
    health: { path: /ready, interval: 2s }
routes: [{ cluster: app, timeout: 10s, retry: { attempts: 1, perTry: 2s, on: [connect, 503] } }]
`);
  t.same(lines, [
    "  cluster        app: ring-hash of the header x-user, sticky by the cookie sluice-endpoint",
    "  endpoints      127.0.0.1:3000 (weight 3), [::1]:80 (zone b, priority 1)",
    "  timeout        10s in all; for each attempt 5s to connect, 2s to the response head",
    "  retry          1 more attempt elsewhere on connect, 503; idempotent requests, and what did not arrive; bodies up to 64KiB; in all at most 20 % of the requests and 1 a second",
    "  health         GET /ready every 2s, unhealthy after 3 in a row; left out for 30s or longer after 5 failures in a row or a worse success rate than the others",
  ]);
});

t.test("a plan says what is switched off, and how endpoints are discovered", async (t) => {
  const lines = planned(`
clusters: { app: { discovery: { dns: "api.internal:80" }, outlier: false } }
routes: [{ cluster: app, retry: false }]
`);
  t.same(lines, [
    "  cluster        app: round-robin",
    "  endpoints      discovered: dns api.internal:80",
    "  timeout        none in all; for each attempt 5s to connect, 1m to the response head",
    "  retry          none",
    "  health         no checks; nobody is left out for its answers",
  ]);
});

t.test("a plan tells the limits of a cluster over all of its endpoints", async (t) => {
  const limits = "maxRequests: 100, maxRetries: 5, concurrency: { adaptive: { least: 8 } }";
  const lines = planned(`clusters: { app: { endpoints: ["http://a.test:1"], ${limits} } }`);
  t.equal(
    lines.at(-1),
    "  limits         100 requests at once; 5 of them sent again; 8 to 1000 at once, by latency: up to 1.5 times that without a queue, the most important first",
  );
});

t.test("a plan tells how important the requests of a route are, where that matters", async (t) => {
  const importance = (settings: string, route = "") => {
    const yaml = `
clusters: { app: { endpoints: ["http://a.test:1"] } }
routes: [{ cluster: app${route} }]
${settings}`;
    const config = loadConfig("sluice.yaml", yaml, { env: {} });
    return priorityLines(describeRoute(config.routes[0]!, config, []));
  };
  t.same(importance(""), []);
  t.same(importance("", ", priority: 0"), ["  priority       0"]);
  t.same(importance("shedding: { begins: 50ms }", ", priority: { header: X-Priority, default: 2 }"), [
    "  priority       2, or what x-priority says: of trusted proxies, and of others if it is less important",
    "  shedding       from 50ms behind on, priority 3 first; at 1s hardly any is taken",
  ]);
  t.same(importance("", ", priority: { header: x-priority, from: anyone }"), [
    "  priority       1, or what x-priority says",
  ]);
});

t.test("a plan says that a single endpoint has no other beside it", async (t) => {
  const [, endpoints, , retry, health] = planned(`
clusters: { app: { endpoints: ["unix:/run/app.sock"], health: { tcp: true } } }
`);
  t.equal(endpoints, "  endpoints      unix:/run/app.sock");
  t.match(retry, "2 more attempts at the same endpoint on connect, reset, timeout, gateway-error;");
  t.match(health, "a connection every 5s, unhealthy after 3 in a row; the only endpoint is never left out");
});

t.test("a plan as JSON shows no key of a cluster", async (t) => {
  const sticky = '{ key: "quite-a-secret" }';
  const yaml = `clusters: { app: { endpoints: ["http://a.test:1"], sticky: ${sticky} } }`;
  const config = loadConfig("sluice.yaml", yaml, { env: {} });
  const { traffic } = describeRoute(config.routes[0]!, config, []);
  t.match(traffic?.sticky, { cookie: "sluice-endpoint" });
  t.notMatch(JSON.stringify(traffic), "quite-a-secret");
});

t.test("a plan shows eight endpoints and counts the others", async (t) => {
  const urls = Array.from({ length: 10 }, (_, i) => `"http://10.0.0.${i}:80"`);
  const [, endpoints] = planned(`clusters: { app: { endpoints: [${urls.join()}] } }`);
  t.match(endpoints, "10.0.0.7:80, 2 more");
  t.notMatch(endpoints, "10.0.0.8");
});
