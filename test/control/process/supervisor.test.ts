import { once } from "node:events";
import { createServer } from "node:net";
import t from "tap";
import { loadConfig } from "../../../core/config/load.ts";
import { Supervisor } from "../../../core/control/process/supervisor.ts";
import { noProc } from "../../fault/sluice-process.ts";
import { freePort } from "../../support/free-port.ts";
import { PluginFolder } from "../plugin-folder.ts";
import { startSluice } from "../running-sluice.ts";
import { startService } from "../service.ts";

const anyPort = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];

t.test("kill -9 of the data process costs only the requests in flight", async (t) => {
  const service = await startService(t);
  const sluice = startSluice(t, "--upstream", service.url, ...anyPort);
  const url = await sluice.url();
  const lost = fetch(`${url}/held`);
  await service.nextHeld();
  process.kill(sluice.dataPid(), "SIGKILL");
  await t.rejects(lost, "the request in flight is lost");
  const answers = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const response = await fetch(url, { headers: { connection: "close" } });
      return response.text();
    }),
  );
  t.same(new Set(answers), new Set(["service"]), "new connections wait for the next data process");
  const line = await sluice.line("Data process ended, starting another");
  t.match(line, { signal: "SIGKILL", stalled: false });
  const metrics = await (await fetch(`${await sluice.adminUrl()}/metrics`)).text();
  t.match(metrics, "sluice_data_restarts_total 1\n");
});

t.test("a data process whose event loop has stopped is killed and replaced", async (t) => {
  const service = await startService(t);
  const sluice = startSluice(t, "--upstream", service.url, ...anyPort);
  const url = await sluice.url();
  process.kill(sluice.dataPid(), "SIGSTOP");
  const metrics = await (await fetch(`${await sluice.adminUrl()}/metrics`)).text();
  t.match(metrics, "sluice_data_up 0\n", "the admin listener does not depend on it");
  t.match(await sluice.line("Data process ended, starting another"), { stalled: true });
  t.equal(await (await fetch(url)).text(), "service");
});

// Elsewhere the system does not tell who runs.
const notTold = noProc || ("Deno" in globalThis && "Deno may not read /proc");

t.test("a data process that does not run at all is no plugin's doing", { skip: notTold }, async (t) => {
  const { plugins } = new PluginFolder(t, { "a.ts": "export default { onRequest() {} };" });
  const service = await startService(t);
  const sluice = startSluice(t, "--upstream", service.url, "--plugins", plugins, ...anyPort);
  const url = await sluice.url();
  for (let i = 0; i < 20; i++) await (await fetch(url)).text();
  process.kill(sluice.dataPid(), "SIGSTOP");
  const line = await sluice.line("Data process ended, starting another");
  t.match(line, { stalled: true });
  t.notOk("plugin" in line, `named: ${line["plugin"]}`);
  const page = await (await fetch(`${await sluice.adminUrl()}/plugins`)).json();
  t.match(page, { plugins: [{ name: "a", processesEnded: 0 }] });
});

t.test("no config is put in force any more when Sluice ends, and nothing is bound", async (t) => {
  const port = await freePort();
  const config = loadConfig(
    "sluice.yaml",
    `clusters: { app: { endpoints: ["http://127.0.0.1:1"] } }
listeners: [{ address: "127.0.0.1:${port}" }]`,
    { env: {} },
  );
  const supervisor = new Supervisor(config);
  supervisor.kill();
  await t.rejects(supervisor.apply(config, null), { message: /Sluice is ending/ });
  const other = createServer().listen(port, "127.0.0.1");
  await once(other, "listening");
  other.close();
});

t.test("the data process does not outlive the control process", async (t) => {
  const sluice = startSluice(t, "--upstream", "http://127.0.0.1:1", ...anyPort);
  const url = await sluice.url();
  sluice.signal("SIGKILL");
  await sluice.exitCode();
  await refusesConnections(url);
  t.pass("the port is free again");
});

t.test("several workers share the port, and each survives a restart", async (t) => {
  const service = await startService(t);
  const sluice = startSluice(t, "--upstream", service.url, "--workers", "2", ...anyPort);
  const url = await sluice.url();
  for (let round = 0; round < 2; round++) {
    const answers = await Promise.all(
      Array.from({ length: 30 }, async () => (await fetch(url, { headers: { connection: "close" } })).text()),
    );
    t.same(new Set(answers), new Set(["service"]));
    if (round === 0) {
      process.kill(sluice.dataPid(), "SIGKILL");
      await sluice.line("Data process serves again");
    }
  }
  sluice.signal("SIGTERM");
  t.equal(await sluice.exitCode(), 0);
});

async function refusesConnections(url: string): Promise<void> {
  for (;;) {
    try {
      await fetch(url);
    } catch (error) {
      if ((error as { cause?: { code?: string } }).cause?.code === "ECONNREFUSED") return;
    }
  }
}
