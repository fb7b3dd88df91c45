/** Endpoints that a plugin finds: asked in the data process, checked in the control process. */
import { writeFileSync } from "node:fs";
import t, { type Test } from "tap";
import { until } from "../net/until.ts";
import { startSluice } from "./running-sluice.ts";
import { startService } from "./service.ts";

t.setTimeout(120_000);

const finding = (list: string, more = "") =>
  `export default { capabilities: { endpoints: ["127.0.0.0/8"] }, ${more}\n  discover(config, host) { ${list} } };\n`;

interface Setting {
  readonly workers?: number;
  readonly engine?: string;
  readonly grants?: string;
}

async function start(t: Test, plugin: (hosts: readonly string[]) => string, setting: Setting = {}) {
  const { workers = 1, engine = "isolated-vm", grants = "{ endpoints: [127.0.0.0/8] }" } = setting;
  const services = [await startService(t, "first"), await startService(t, "second")] as const;
  const hosts = services.map(({ url }) => new URL(url).host);
  const folder = t.testdir({
    plugins: { "registry.ts": plugin(hosts) },
    "sluice.yaml": [
      'listeners: [{ address: "127.0.0.1:0" }]',
      "clusters: { app: { discovery: { plugin: registry, every: 1s } } }",
      'admin: { address: "127.0.0.1:0" }',
      `workers: ${workers}`,
      `plugins: { directory: plugins, settings: { registry: { engine: ${engine}, grants: ${grants} } } }`,
      "",
    ].join("\n"),
  });
  const sluice = startSluice(t, "--config", `${folder}/sluice.yaml`);
  const save = (text: string) => writeFileSync(`${folder}/plugins/registry.ts`, text);
  return { services, hosts, sluice, folder, save, url: await sluice.url() };
}

for (const setting of [{}, { workers: 2 }, { engine: "quickjs" }, { engine: "inline" }]) {
  t.test(`requests follow what a plugin finds, ${JSON.stringify(setting)}`, async (t) => {
    const { hosts, url, save, sluice } = await start(
      t,
      ([first]) => finding(`return [{ address: "${first}", weight: 2, zone: host.cluster }];`),
      setting,
    );
    await untilAnswer(url, "first");
    const { clusters } = (await (await fetch(`${await sluice.adminUrl()}/clusters`)).json()) as {
      clusters: readonly { discovery: string; endpoints: readonly { zone: string; weight: number }[] }[];
    };
    t.match(clusters[0], { discovery: "plugin registry", endpoints: [{ zone: "app", weight: 2 }] });
    save(finding(`return ["${hosts[1]}"];`));
    await untilAnswer(url, "second");
    save(finding("return [];"));
    await untilStatus(url, 503);
  });
}

t.test("the plugin is asked again and again, and may wait", async (t) => {
  const { url } = await start(t, ([first, second]) =>
    finding(`const n = await count(host); return [n > 1 ? "${second}" : "${first}"];`, "setup() {}, ")
      .replace("discover", "async discover")
      .replace("export", "let calls = 0; const count = async () => { await 0; return ++calls; };\nexport"),
  );
  await untilAnswer(url, "first");
  await untilAnswer(url, "second");
});

t.test("one that fails changes nothing, is told once, and its recovery too", async (t) => {
  const { hosts, url, save, sluice } = await start(t, ([first]) => finding(`return ["${first}"];`));
  await untilAnswer(url, "first");
  const told = (pattern: RegExp) => sluice.lines.filter(({ msg }) => pattern.test(msg));
  save(finding('throw new Error("registry is away");'));
  await until(() => told(/plugin registry: Error: registry is away/).length > 0);
  t.match(told(/registry is away/)[0], { level: "warn", cluster: "app" });
  t.equal(await (await fetch(url)).text(), "first");
  save(finding(`return ["${hosts[1]}"];`));
  await untilAnswer(url, "second");
  t.equal(told(/plugin registry: Error: registry is away/).length, 1);
  t.equal(told(/plugin registry works again/).length, 1);
});

t.test("what was found outlives the data process", async (t) => {
  const { url, sluice } = await start(t, ([first]) => finding(`return ["${first}"];`));
  await untilAnswer(url, "first");
  process.kill(sluice.dataPid(), "SIGKILL");
  await sluice.line("Data process serves again");
  t.equal(await (await fetch(url)).text(), "first");
});

t.test("a plugin that is to find endpoints has to be there, and able to", async (t) => {
  for (const [text, message] of [
    ["export default { onRequest() {} };\n", /Cluster app uses the plugin registry, which has no discover/],
    [
      finding("return []").replace("127.0.0.0/8", "10.0.0.0/8"),
      /asks for endpoints 10\.0\.0\.0\/8, which is not granted/,
    ],
  ] as const) {
    const { save, sluice, url } = await start(t, ([first]) => finding(`return ["${first}"];`));
    await untilAnswer(url, "first");
    save(text);
    await until(() =>
      sluice.lines.some(({ problem, message: said, ...line }) =>
        message.test(JSON.stringify([problem, said, line])),
      ),
    );
    t.equal(await (await fetch(url)).text(), "first", "the old one stays");
  }
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
