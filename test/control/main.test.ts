import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import t from "tap";
import { startSluice } from "./running-sluice.ts";
import { startService } from "./service.ts";

const anyPort = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];

t.test("sluice proxies, says where it listens, and ends with code 0 on SIGTERM", async (t) => {
  const service = await startService(t);
  const sluice = startSluice(t, "--upstream", service.url, ...anyPort);
  const response = await fetch(await sluice.url());
  t.equal(await response.text(), "service");
  sluice.signal("SIGTERM");
  t.equal(await sluice.exitCode(), 0);
  t.equal(sluice.lines.filter((line) => line.msg === "Sluice is listening").length, 1);
  t.equal(sluice.stderr, "");
});

t.test("a busy address is one line on stderr and exit code 1", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  for (const args of [
    ["--listen", `127.0.0.1:${port}`, "--admin", "127.0.0.1:0"],
    ["--listen", "127.0.0.1:0", "--admin", `127.0.0.1:${port}`],
  ]) {
    const sluice = startSluice(t, "--upstream", "http://127.0.0.1:1", ...args);
    t.equal(await sluice.exitCode(), 1);
    t.equal(sluice.stderr, `sluice: Cannot listen on 127.0.0.1:${port}: address in use\n`);
  }
});

t.test("the admin listener shows health, readiness, metrics and the config", async (t) => {
  const service = await startService(t);
  const sluice = startSluice(t, "--upstream", service.url, ...anyPort);
  await (await fetch(await sluice.url())).text();
  const admin = await sluice.adminUrl();
  t.equal((await fetch(`${admin}/healthz`)).status, 200);
  t.equal((await fetch(`${admin}/readyz`)).status, 200);
  const metrics = await fetch(`${admin}/metrics`);
  t.equal(metrics.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const text = await metrics.text();
  t.match(text, /sluice_requests_total\{route="[^"]*",method="GET",status="200"\} 1\n/);
  t.match(text, "sluice_data_up 1\n");
  const config = (await (await fetch(`${admin}/config`)).json()) as { workers: number };
  t.equal(config.workers, 1);
});
