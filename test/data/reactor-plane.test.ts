import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { loadConfig } from "../../core/config/load.ts";
import { HandleTable } from "../../core/data/handles.ts";
import { ReactorPlane } from "../../core/data/reactor-plane.ts";
import { PluginLoadError } from "../../core/policy/load-error.ts";
import { policyBundleFor } from "../../core/reload/policy-bundle.ts";
import { listenLocally } from "../support/free-port.ts";

/** How often the endpoint is checked, and how long its checks are counted, in ms. */
const interval = 200;
const counted = 2000;

t.test("a start that is refused leaves nothing behind that checks endpoints", async (t) => {
  let checks = 0;
  const service = createServer((_request, response) => {
    checks++;
    response.end();
  });
  const port = await listenLocally(service);
  t.teardown(() => service.close().closeAllConnections());
  const folder = t.testdir({
    "bad.ts": 'export default { setup() { throw new Error("bad"); }, onRequest() {} };',
  });
  const config = (policies: string) =>
    loadConfig(
      `${folder}/sluice.yaml`,
      `listeners: [{ address: "127.0.0.1:0" }]
accessLog: false
log: { level: silent }
clusters: { app: { endpoints: ["http://127.0.0.1:${port}"], health: { path: /, interval: ${interval}ms } } }
routes: [{ cluster: app, policies: [${policies}] }]
plugins: { directory: ${folder} }
`,
      { env: {} },
    );
  const plane = new ReactorPlane({ handles: new HandleTable(), reactor: 0, reusePort: false });
  const bundle = await policyBundleFor(config("bad"));
  for (let n = 0; n < 2; n++) await t.rejects(plane.start(config("bad"), bundle), PluginLoadError);
  await plane.start(config(""), bundle);
  t.teardown(() => plane.drain());
  checks = 0;
  await sleep(counted);
  t.ok(checks > 0 && checks <= (1.5 * counted) / interval, `${checks} checks in ${counted} ms`);
});

t.test("a listener keeps its limits when another one of the config cannot be opened", async (t) => {
  const service = createServer((_request, response) => void response.end("served"));
  const port = await listenLocally(service);
  t.teardown(() => service.close().closeAllConnections());
  const config = (first: string, second = "") =>
    loadConfig(
      "sluice.yaml",
      `listeners: [{ name: first, address: "127.0.0.1:0"${first} }${second}]
accessLog: false
log: { level: silent }
clusters: { app: { endpoints: ["http://127.0.0.1:${port}"] } }
`,
      { env: {} },
    );
  const plane = new ReactorPlane({ handles: new HandleTable(), reactor: 0, reusePort: false });
  const [listener] = await plane.start(config(""));
  t.teardown(() => plane.drain());
  const taken = `, { name: second, address: "127.0.0.1:${port}" }`;
  await t.rejects(plane.apply(config(", maxConnections: 1", taken)), { code: "EADDRINUSE" });
  const url = `http://127.0.0.1:${(listener!.address as { port: number }).port}`;
  const responses = await Promise.all([fetch(url), fetch(url), fetch(url)]);
  t.same(await Promise.all(responses.map((response) => response.text())), ["served", "served", "served"]);
});
