/** A promise of a plugin that runs inline is rejected while nobody listens: its process goes on, and the log says whose it was. */
import t from "tap";
import { freePort } from "../support/free-port.ts";
import { PluginFolder } from "./plugin-folder.ts";
import { startSluice } from "./running-sluice.ts";

const losing = `import { definePlugin } from "sluice/sdk";
export default definePlugin({
  onRequest(request) {
    const { pathname } = new URL(request.url);
    void (async () => {
      await null;
      if (pathname === "/error") throw new RangeError("lost sluice:plugin/b:1:1");
      if (pathname === "/text") throw "text";
    })();
    return new Response("fine");
  },
});
`;

for (const workers of [1, 2]) {
  t.test(`with ${workers} workers a lost rejection names its plugin and ends nothing`, async (t) => {
    const folder = new PluginFolder(t, { "a.ts": losing, "b.ts": losing });
    const port = await freePort();
    const config = folder.write(
      "sluice.yaml",
      `listeners: [{ address: "127.0.0.1:${port}" }]
clusters: { main: { endpoints: ["http://127.0.0.1:1"] } }
routes: [{ cluster: main, policies: [a] }]
plugins: { directory: ${folder.plugins}, settings: { a: { trusted: true }, b: { trusted: true } } }
admin: false
accessLog: false
workers: ${workers}
`,
    );
    const sluice = startSluice(t, "--config", config);
    const url = await sluice.url();
    for (let n = 0; n < 6; n++) t.equal(await (await fetch(`${url}/error`)).text(), "fine");
    const line = await sluice.line("RangeError: lost sluice:plugin/b:1:1");
    t.match(line, { plugin: "a", at: /a\.ts:7:\d+$/ });
    t.equal(await (await fetch(`${url}/text`)).text(), "fine");
    t.match(await sluice.line("A promise was rejected and nobody listened"), { process: "data" });
    for (let n = 0; n < 6; n++) t.equal(await (await fetch(`${url}/`)).text(), "fine");
    t.notOk(sluice.lines.some(({ msg }) => /Data process/.test(msg)));
  });
}
