/** The command with two reactors: one circuit for both. Runs on Node: on Deno a port has one thread. */
import { Agent, request } from "node:http";
import t from "tap";
import { PluginFolder } from "../../control/plugin-folder.ts";
import { startSluice } from "../../control/running-sluice.ts";
import { refusing } from "../../upstream/endpoints.ts";

t.setTimeout(60_000);

/** In front of the breaker: tells how many requests the reactor that answers has had. */
const counting = `import { definePlugin } from "sluice/sdk";
let here = 0;
export default definePlugin({
  state: () => ({ here: 0 }),
  onRequest(request, ctx) { ctx.state.here = ++here; },
  onResponse(response, ctx) { response.headers.set("x-here", String(ctx.state.here)); },
});
`;

interface Asked {
  readonly status: number;
  readonly here: number;
}

/** A request on a connection of its own: the kernel chooses the reactor anew. */
function ask(url: string): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    request(url, { agent, method: "POST" }, (response) => {
      response.resume();
      response.on("end", () =>
        resolve({ status: response.statusCode!, here: Number(response.headers["x-here"]) }),
      );
    })
      .on("error", reject)
      .end();
  });
}

t.test("what one reactor opens is open in the other", { skip: "Deno" in globalThis }, async (t) => {
  const folder = new PluginFolder(t, { "counting.ts": counting });
  const { host, port } = (await refusing()) as { host: string; port: number };
  const config = folder.write(
    "sluice.yaml",
    `
workers: 2
listeners: [{ name: main, address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
accessLog: false
clusters: { app: { endpoints: ["http://${host}:${port}"] } }
routes:
  - cluster: app
    policies: [counting, { plugin: breaker, config: { minimumCalls: 20, openTime: 60 } }]
plugins: { directory: ${folder.plugins} }
`,
  );
  const sluice = startSluice(t, "--config", config);
  const url = await sluice.url();
  const asked: Asked[] = [];
  for (let turn = 0; turn < 80; turn++) asked.push(await ask(url));
  const refusedFrom = asked.findIndex(({ status }) => status === 503);
  // A connection that is refused may be tried again, and each attempt counts.
  t.ok(refusedFrom > 0 && refusedFrom <= 20, `${refusedFrom}`);
  t.ok(asked.slice(refusedFrom).every(({ status }) => status === 503));
  t.ok(Math.max(...asked.map(({ here }) => here)) < 80, "both reactors had some of the requests");
  const metrics = await (await fetch(`${await sluice.adminUrl()}/metrics`)).text();
  t.match(metrics, 'sluice_plugin_counter_total{plugin="breaker",name="opened_app"} 1\n');
  t.match(metrics, 'sluice_plugin_gauge{plugin="breaker",name="state_app"} 2\n');
  t.match(metrics, `sluice_plugin_counter_total{plugin="breaker",name="refused_app"} ${80 - refusedFrom}\n`);
});
