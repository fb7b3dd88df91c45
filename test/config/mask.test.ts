// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables in a config file
import t from "tap";
import { parseEndpoint } from "../../core/config/endpoint.ts";
import { configFromFlags } from "../../core/config/from-flags.ts";
import { loadConfig } from "../../core/config/load.ts";
import { maskConfig } from "../../core/config/mask.ts";

const app = 'clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }\n';

function masked(text: string, env: NodeJS.ProcessEnv = {}) {
  return maskConfig(loadConfig("sluice.yaml", text, { env }));
}

t.test("maskConfig hides what secret variables stood for", async (t) => {
  const shown = masked(
    `${app}routes: [{ cluster: app, headers: { x-gate: "\${env:GATE_TOKEN}" }, hostHeader: "\${env:ZONE}" }]`,
    {
      GATE_TOKEN: "hunter2",
      ZONE: "internal",
    },
  );
  t.same(shown.routes[0]!.match.headers, [{ name: "x-gate", value: "***" }]);
  t.same(shown.routes[0]!.host, { literal: "internal" }, "another variable is shown");
});

t.test("maskConfig hides a secret inside a longer text, and a short one only as a whole", async (t) => {
  const shown = masked(
    `${app}routes: [{ cluster: app, headers: { x-a: "Key \${env:A_SECRET}", x-b: "\${env:B_SECRET}" } }]`,
    {
      A_SECRET: "hunter2",
      B_SECRET: "p",
    },
  );
  t.same(
    shown.routes[0]!.match.headers.map(({ value }) => value),
    ["Key ***", "***"],
  );
  t.equal(shown.clusters[0]!.name, "app");
});

t.test("maskConfig hides values of fields that carry credentials", async (t) => {
  const shown = masked(
    `${app}routes: [{ cluster: app, headers: { Authorization: "Bearer abc", x-api-key: true, accept: text/html } }]`,
  );
  t.same(shown.routes[0]!.match.headers, [
    { name: "accept", value: "text/html" },
    { name: "authorization", value: "***" },
    { name: "x-api-key", value: null },
  ]);
});

t.test("maskConfig leaves the rest and the configuration itself as they are", async (t) => {
  const config = configFromFlags({ upstreams: [parseEndpoint("http://127.0.0.1:3000")!] });
  const before = structuredClone(config);
  t.same(maskConfig(config), before);
  t.same(config, before);
});

t.test("maskConfig hides the key of sticky cookies and the token of a discovery", async (t) => {
  const shown = masked(
    `clusters:
  app: { endpoints: ["http://127.0.0.1:3000"], sticky: { key: salt } }
  other: { discovery: { consul: { service: api, token: t1 } }, sticky: {} }
routes: [{ cluster: app }]
`,
  );
  t.equal(shown.clusters[0]!.sticky!.key, "***");
  t.equal(shown.clusters[1]!.sticky!.key, null, "there is none");
  t.match(shown.clusters[1]!.discovery, { service: "api", token: "***" });
});
