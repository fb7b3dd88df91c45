/** The command with two reactors: what plugins keep and count is of both together. Runs on Node. */
import { Agent, request } from "node:http";
import t from "tap";
import { PluginFolder } from "../control/plugin-folder.ts";
import { startSluice } from "../control/running-sluice.ts";

t.setTimeout(60_000);

const counting = `import { definePlugin } from "sluice/sdk";
let here = 0;
export default definePlugin({
  capabilities: { kv: true },
  async onRequest(request, ctx) {
    ctx.metrics.counter("seen");
    ctx.metrics.histogram("length", request.url.length);
    return Response.json({ all: await ctx.kv.increment("seen", 1, { ttl: 3600 }), here: ++here });
  },
});
`;

interface Counted {
  /** Requests of all reactors. */
  readonly all: number;
  /** Requests of this one. */
  readonly here: number;
}

/** A request on a connection of its own: the kernel chooses the reactor anew. */
function ask(url: string): Promise<Counted> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    request(url, { agent }, async (response) => {
      let body = "";
      for await (const chunk of response) body += chunk;
      resolve(JSON.parse(body));
    })
      .on("error", reject)
      .end();
  });
}

function configFor(folder: PluginFolder): string {
  return `
workers: 2
listeners: [{ name: main, address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
accessLog: false
clusters: { app: { endpoints: [http://127.0.0.1:1] } }
routes: [{ cluster: app }]
plugins:
  directory: ${folder.plugins}
  settings: { counting: { grants: { kv: true } } }
`;
}

t.test("with two reactors every increment of every request counts once", async (t) => {
  const folder = new PluginFolder(t, { "counting.ts": counting });
  const config = folder.write("sluice.yaml", configFor(folder));
  const sluice = startSluice(t, "--config", config);
  const url = await sluice.url();
  const total = 400;
  const seen: Counted[] = [];
  const client = async () => {
    for (let turn = 0; turn < total / 16; turn++) seen.push(await ask(url));
  };
  await Promise.all(Array.from({ length: 16 }, client));
  t.same(
    seen.map(({ all }) => all).sort((a, b) => a - b),
    Array.from({ length: total }, (_, index) => index + 1),
  );
  t.ok(Math.max(...seen.map(({ here }) => here)) < total, "both reactors had some of the requests");

  const metrics = await (await fetch(`${await sluice.adminUrl()}/metrics`)).text();
  t.match(metrics, `sluice_plugin_counter_total{plugin="counting",name="seen"} ${total}\n`);
  t.match(metrics, `sluice_plugin_histogram_count{plugin="counting",name="length"} ${total}\n`);
});
