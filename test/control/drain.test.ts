import t from "tap";
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
