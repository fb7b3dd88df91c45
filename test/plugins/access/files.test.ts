/** The command, with lists in files that change while it runs. */
import t from "tap";
import { PluginFolder } from "../../control/plugin-folder.ts";
import { startSluice } from "../../control/running-sluice.ts";
import { until } from "../../net/until.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.setTimeout(60_000);

t.test("a list in a file is read anew when the file changes, and kept while it is broken", async (t) => {
  const service = await startUpstream(t, () => ok("here"));
  const { host, port } = service.address as { host: string; port: number };
  const folder = new PluginFolder(t, {});
  folder.write("addresses.txt", "192.0.2.0/24 # nobody who asks here\n");
  folder.write("agents.txt", "# none yet\nsqlmap\n");
  const config = folder.write(
    "sluice.yaml",
    `
listeners: [{ name: main, address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
accessLog: false
clusters: { app: { endpoints: ["http://${host}:${port}"] } }
routes:
  - cluster: app
    policies:
      - plugin: access
        config:
          deny:
            - addresses: "\${file:addresses.txt}"
            - userAgents: "\${file:agents.txt}"
`,
  );
  const sluice = startSluice(t, "--config", config);
  const url = await sluice.url();
  const ask = async (agent: string) => (await fetch(url, { headers: { "user-agent": agent } })).status;
  t.equal(await ask("curl"), 200);
  t.equal(await ask("SQLMap/1"), 403);
  folder.write("agents.txt", "sqlmap\ncurl\n");
  await until(async () => (await ask("curl")) === 403);
  t.equal(await ask("wget"), 200);
  folder.write("addresses.txt", "127.0.0.0/8\n");
  await until(async () => (await ask("wget")) === 403);
  const lines = sluice.lines.length;
  folder.write("addresses.txt", "127.0.0.0/33\n");
  await until(() => sluice.lines.slice(lines).some(({ level }) => level === "error" || level === "warn"));
  t.equal(await ask("wget"), 403, "what was good before holds");
  folder.write("addresses.txt", "192.0.2.0/24\n");
  await until(async () => (await ask("wget")) === 200);
});
