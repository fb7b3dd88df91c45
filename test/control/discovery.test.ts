/** Endpoints come and go while the proxy runs, and nothing is reloaded for it. */
import { writeFileSync } from "node:fs";
import t, { type Test } from "tap";
import { until } from "../net/until.ts";
import { startSluice } from "./running-sluice.ts";
import { startService } from "./service.ts";

t.setTimeout(60_000);

async function startWithList(t: Test, ...more: string[]) {
  const services = [await startService(t, "first"), await startService(t, "second")] as const;
  const hosts = services.map(({ url }) => new URL(url).host);
  const folder = t.testdir({
    "list.yaml": `- ${hosts[0]}\n`,
    "sluice.yaml": [
      'listeners: [{ address: "127.0.0.1:0" }]',
      "clusters: { app: { discovery: { file: list.yaml } } }",
      'admin: { address: "127.0.0.1:0" }',
      ...more,
      "",
    ].join("\n"),
  });
  const sluice = startSluice(t, "--config", `${folder}/sluice.yaml`);
  const write = (text: string) => writeFileSync(`${folder}/list.yaml`, text);
  return { services, hosts, sluice, folder, write, url: await sluice.url() };
}

for (const workers of [1, 2]) {
  t.test(`with ${workers} workers requests follow the list of endpoints`, async (t) => {
    const { hosts, url, write } = await startWithList(t, `workers: ${workers}`);
    t.equal(await (await fetch(url)).text(), "first", "which was read before the start");
    write(`- ${hosts[1]}\n`);
    await untilAnswer(url, "second");
    write("[]\n");
    await untilStatus(url, 503);
    t.match((await fetch(url)).headers.get("proxy-status"), /details="no_healthy_upstream"/);
    write(`- ${hosts[0]}\n`);
    await untilAnswer(url, "first");
  });
}

t.test("a list that cannot be read changes nothing and is told with its place", async (t) => {
  const { sluice, url, write } = await startWithList(t);
  write("- 127.0.0.1:x\n");
  const problem = () => sluice.lines.find(({ msg }) => /list\.yaml:1:3: expected an endpoint/.test(msg));
  await until(() => problem() !== undefined);
  t.match(problem(), { level: "warn", cluster: "app" });
  t.equal(await (await fetch(url)).text(), "first");
});

t.test("a request at an endpoint that is gone from the list is finished", async (t) => {
  const { services, hosts, url, write } = await startWithList(t);
  const answer = fetch(`${url}/held`);
  const held = await services[0].nextHeld();
  write(`- ${hosts[1]}\n`);
  await untilAnswer(url, "second");
  held.end("still first");
  t.equal(await (await answer).text(), "still first");
});

t.test("endpoints that were discovered outlive a reload and a restart of the data process", async (t) => {
  const { hosts, sluice, folder, url, write } = await startWithList(t);
  write(`- ${hosts[1]}\n`);
  await untilAnswer(url, "second");
  writeFileSync(
    `${folder}/sluice.yaml`,
    [
      'listeners: [{ address: "127.0.0.1:0" }]',
      "clusters: { app: { discovery: { file: list.yaml } } }",
      'admin: { address: "127.0.0.1:0" }',
      "limits: { fields: 50 }",
      "",
    ].join("\n"),
  );
  await sluice.line("Config reloaded");
  t.equal(await (await fetch(url)).text(), "second");
  process.kill(sluice.dataPid(), "SIGKILL");
  await untilAnswer(url, "second");
});

async function untilAnswer(url: string, wanted: string): Promise<void> {
  while ((await ask(url)).text !== wanted) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function untilStatus(url: string, wanted: number): Promise<void> {
  while ((await ask(url)).status !== wanted) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function ask(url: string): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url);
    return { status: response.status, text: await response.text() };
  } catch {
    return { status: 0, text: "" };
  }
}
