// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables in a config file
import t from "tap";
import type { PluginFacts } from "../../../core/cli/inspect/inspection.ts";
import { planText } from "../../../core/cli/plan/plan-text.ts";
import { describeRoute } from "../../../core/cli/plan/route-description.ts";
import { loadConfig } from "../../../core/config/load.ts";

const clusters =
  'clusters: { app: { endpoints: ["http://a.test:1"] }, next: { endpoints: ["http://b.test:1"] } }\n';

/** The lines of a plan for the only route of a config. */
function planned(route: string): string[] {
  const config = loadConfig("sluice.yaml", `${clusters}routes: [${route}]`, { env: {} });
  return planText([describeRoute(config.routes[0]!, config, [])]).split("\n");
}

t.test("a plan names what answers", async (t) => {
  const first = (route: string) =>
    planned(route)[0]!.replace(/^route \S+: any method, any host, prefix \/, /, "");
  t.equal(first("{ cluster: app }"), "cluster app");
  t.equal(
    first("{ split: { clusters: { app: 85, next: 15 }, by: { cookie: exp } } }"),
    "split app 85 %, next 15 % by the cookie exp",
  );
  t.equal(first("{ split: { clusters: { app: 2, next: 1 } } }"), "split app 66.7 %, next 33.3 % at random");
  t.equal(
    first(
      "{ redirect: { status: 301, scheme: https, host: c.test, port: 8443, prefix: /x, keepQuery: false } }",
    ),
    "redirect 301 to scheme https, host c.test, port 8443, prefix /x, no query",
  );
  t.equal(first("{ redirect: { path: /x } }"), "redirect 302 to path /x");
  t.equal(
    first('{ respond: { status: 404, body: "é" } }'),
    "respond 404, Content-Type: text/plain; charset=utf-8, 2 bytes",
  );
});

t.test("a plan names every condition", async (t) => {
  const conditions =
    "scheme: https, headers: { x-a: b }, query: { q: true, r: { prefix: s } }, cookies: { c: { oneOf: [d, e] } }";
  t.equal(
    planned(`{ cluster: app, name: r, ${conditions} }`)[0],
    "route r: any method, any host, prefix /, by https, with x-a: b, with ?q, with ?r=s…, with the cookie c=d|e, cluster app",
  );
});

t.test(
  "a plan tells the traffic of each cluster of a split, and none of an answer of the proxy's own",
  async (t) => {
    const lines = planned("{ split: { clusters: { app: 1, next: 1 } }, rewrite: { prefix: /v2 } }");
    t.ok(lines.includes("  path           /v2 in the place of /"));
    t.same(
      lines.filter((line) => /^ {2}(cluster|endpoints)/.test(line)),
      [
        "  cluster        app: round-robin",
        "  endpoints      a.test:1",
        "  cluster        next: round-robin",
        "  endpoints      b.test:1",
      ],
    );
    t.same(planned("{ redirect: { path: /x } }").slice(1), ["  no policies", ""]);
  },
);

t.test(
  "a plan is of the route and of its clusters where the text of a secret is in their names",
  async (t) => {
    const text = `plugins: { directory: . }
clusters:
  app-one: { endpoints: ["http://127.0.0.1:3000"] }
  app-two: { endpoints: ["http://127.0.0.1:3001"] }
routes:
  - { name: app-a, path: /a, cluster: app-one, policies: [] }
  - { name: app-b, path: /b, split: { clusters: { app-one: 1, app-two: 1 } }, policies: [{ plugin: app-p, config: "\${env:THE_SECRET}" }] }
`;
    const config = loadConfig("sluice.yaml", text, { env: { THE_SECRET: "app-" } });
    const plugin = { name: "app-p", phases: [], capabilities: {}, builtIn: false } as unknown as PluginFacts;
    const [one, two] = config.routes.map((route) => describeRoute(route, config, [plugin]));
    t.match(one, {
      route: "app-a",
      cluster: "app-one",
      traffic: { endpoints: [{ address: "127.0.0.1:3000" }] },
    });
    t.match(two, {
      route: "app-b",
      shares: [
        { cluster: "app-one", traffic: { endpoints: [{ address: "127.0.0.1:3000" }] } },
        { cluster: "app-two", traffic: { endpoints: [{ address: "127.0.0.1:3001" }] } },
      ],
      policies: [{ plugin: "app-p", config: "***" }],
    });
    t.match(JSON.stringify(two!.split), /"app-one".*"app-two"/);
    t.match(two!.match, { path: config.routes[1]!.match.path });
  },
);
