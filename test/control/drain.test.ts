import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { until } from "../net/until.ts";
import { PluginFolder } from "./plugin-folder.ts";
import { startSluice } from "./running-sluice.ts";
import { startService } from "./service.ts";

const anyPort = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];

t.test("SIGTERM finishes the request in flight, and is not ready meanwhile", async (t) => {
  const service = await startService(t);
  const sluice = startSluice(t, "--upstream", service.url, ...anyPort);
  const answer = fetch(`${await sluice.url()}/held`);
  const held = await service.nextHeld();
  sluice.signal("SIGTERM");
  await sluice.line("Draining");
  const ready = await fetch(`${await sluice.adminUrl()}/readyz`);
  t.equal(ready.status, 503);
  t.match(await ready.json(), { title: "Proxy is shutting down" });
  held.end("finished");
  const response = await answer;
  t.equal(response.headers.get("connection"), "close");
  t.equal(await response.text(), "finished");
  t.equal(await sluice.exitCode(), 0);
});

t.test("a second signal ends it at once, with the code of the signal", async (t) => {
  const service = await startService(t);
  const sluice = startSluice(t, "--upstream", service.url, ...anyPort);
  const answer = fetch(`${await sluice.url()}/held`);
  answer.catch(() => {});
  await service.nextHeld();
  sluice.signal("SIGTERM");
  await sluice.line("Draining");
  sluice.signal("SIGINT");
  t.equal(await sluice.exitCode(), 130);
  await t.rejects(answer);
});

t.test("SIGTERM waits for what plugins do behind the response, and a second one does not", async (t) => {
  const service = await startService(t);
  const working = (ms: number) => `export default {
    onRequest(request, ctx) {
      ctx.waitUntil(new Promise((done) => setTimeout(done, ${ms})).then(() => console.log("work")));
    },
    async onLog() { await new Promise((done) => setTimeout(done, 100)); console.log("log"); },
  };`;
  for (const workers of ["1", "2"]) {
    const folder = new PluginFolder(t, { "a.ts": working(1000) });
    const sluice = startSluice(
      t,
      ...["--upstream", service.url, "--plugins", folder.plugins, "--workers", workers, ...anyPort],
    );
    t.equal(await (await fetch(await sluice.url(), { headers: { connection: "close" } })).text(), "service");
    sluice.signal("SIGTERM");
    t.equal(await sluice.exitCode(), 0);
    for (const text of ["log", "work"])
      t.ok(
        sluice.lines.some(({ msg }) => msg === text),
        text,
      );
  }
  const folder = new PluginFolder(t, { "a.ts": working(60_000) });
  const sluice = startSluice(t, "--upstream", service.url, "--plugins", folder.plugins, ...anyPort);
  t.equal(await (await fetch(await sluice.url())).text(), "service");
  sluice.signal("SIGTERM");
  await sluice.line("Draining");
  sluice.signal("SIGTERM");
  t.equal(await sluice.exitCode(), 143);
});

t.test("what is saved while it drains is neither in force nor kept as good", async (t) => {
  const service = await startService(t);
  const folder = new PluginFolder(t, { "a.ts": "export default { onRequest() {} };" });
  const flags = ["--upstream", service.url, "--plugins", folder.plugins, "--state", folder.state, ...anyPort];
  const sluice = startSluice(t, ...flags);
  const answer = fetch(`${await sluice.url()}/held`);
  const held = await service.nextHeld();
  const kept = () => readFileSync(join(folder.state, "last-good-plugins.json"), "utf8");
  await until(() => existsSync(join(folder.state, "last-good-plugins.json")));
  const before = kept();
  sluice.signal("SIGTERM");
  await sluice.line("Draining");
  folder.save("a.ts", 'throw new Error("nobody has loaded this");');
  await sleep(1500);
  held.end("finished");
  t.equal(await (await answer).text(), "finished");
  t.equal(await sluice.exitCode(), 0);
  t.equal(kept(), before);
  t.same(
    sluice.lines.filter(({ level, msg }) => Number(level) > 30 || /reload|refused/i.test(msg)),
    [],
    "it is told as nobody's fault",
  );
});
