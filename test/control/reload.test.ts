import { once } from "node:events";
import { readdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import { socketFolder } from "../net/socket-folder.ts";
import { until } from "../net/until.ts";
import { startSluice } from "./running-sluice.ts";
import { startService } from "./service.ts";

function configText(port: number, upstream: string, ...more: string[]): string {
  return [
    `listeners: [{ address: "127.0.0.1:${port}" }]`,
    `clusters: { app: { endpoints: ["${upstream}"] } }`,
    'routes: [{ path: "/", cluster: app }]',
    'admin: { address: "127.0.0.1:0" }',
    ...more,
    "",
  ].join("\n");
}

/** A value that is the text of a file. */
function fileText(name: string): string {
  return `\${file:${name}}`;
}

async function startWithFile(t: Test) {
  const [first, second] = [await startService(t, "first"), await startService(t, "second")];
  const folder = t.testdir({ "sluice.yaml": configText(0, first.url) });
  const sluice = startSluice(t, "--config", `${folder}/sluice.yaml`);
  return { first, second, folder, sluice, url: await sluice.url() };
}

t.test("saving the file reloads it without rebinding what did not change", async (t) => {
  const { second, folder, sluice, url } = await startWithFile(t);
  t.equal(await (await fetch(url)).text(), "first");
  writeFileSync(`${folder}/sluice.yaml`, configText(0, second.url));
  await sluice.line("Config reloaded");
  t.equal(await (await fetch(url)).text(), "second");
});

t.test("a request in flight ends on the config that it began with", async (t) => {
  const { first, second, folder, sluice, url } = await startWithFile(t);
  const answer = fetch(`${url}/held`);
  const held = await first.nextHeld();
  writeFileSync(`${folder}/sluice.yaml`, configText(0, second.url));
  await sluice.line("Config reloaded");
  held.end("still first");
  t.equal(await (await answer).text(), "still first");
});

t.test("an invalid file is refused with its problems, and the old config stays", async (t) => {
  const { folder, sluice, url } = await startWithFile(t);
  writeFileSync(`${folder}/sluice.yaml`, "clusters: 7\n");
  const line = await sluice.line("Config refused, the old one stays");
  t.match(line["problem"], /sluice\.yaml:1:\d+: /);
  t.equal(await (await fetch(url)).text(), "first");
  const metrics = await (await fetch(`${await sluice.adminUrl()}/metrics`)).text();
  t.match(metrics, 'sluice_reloads_total{result="refused"} 1\n');
});

t.test("a listener that cannot be bound refuses the whole reload", async (t) => {
  const { second, folder, sluice, url } = await startWithFile(t);
  const { port } = new URL(second.url);
  writeFileSync(`${folder}/sluice.yaml`, configText(Number(port), second.url));
  const line = await sluice.line("Config refused, the old one stays");
  t.equal(line["problem"], `Cannot listen on 127.0.0.1:${port}: address in use`);
  t.equal(await (await fetch(url)).text(), "first");
});

t.test("SIGHUP reloads", async (t) => {
  const { folder, sluice } = await startWithFile(t);
  sluice.signal("SIGHUP");
  await sluice.line("Config reloaded");
  const seen = sluice.lines.length;
  writeFileSync(`${folder}/other-file`, "not the config");
  sluice.signal("SIGHUP");
  await sluice.line("Config reloaded", seen);
  t.equal(sluice.lines.slice(seen).filter((line) => line.msg === "Config reloaded").length, 1);
});

t.test("the symlink swap of a Kubernetes volume reloads", async (t) => {
  const [first, second] = [await startService(t, "first"), await startService(t, "second")];
  const folder = t.testdir({
    "..1": { "sluice.yaml": configText(0, first.url) },
    "..2": { "sluice.yaml": configText(0, second.url) },
  });
  symlinkSync("..1", `${folder}/..data`);
  symlinkSync("..data/sluice.yaml", `${folder}/sluice.yaml`);
  const sluice = startSluice(t, "--config", `${folder}/sluice.yaml`);
  const url = await sluice.url();
  symlinkSync("..2", `${folder}/..data_tmp`);
  renameSync(`${folder}/..data_tmp`, `${folder}/..data`);
  await sluice.line("Config reloaded");
  t.equal(await (await fetch(url)).text(), "second");
});

t.test("a deployment by a link above the config's folder reloads, also the second time", async (t) => {
  const [first, second] = [await startService(t, "first"), await startService(t, "second")];
  const folder = t.testdir({
    r1: { conf: { "sluice.yaml": configText(0, first.url) } },
    r2: { conf: { "sluice.yaml": configText(0, second.url) } },
  });
  symlinkSync("r1", `${folder}/current`);
  const sluice = startSluice(t, "--config", `${folder}/current/conf/sluice.yaml`);
  const url = await sluice.url();
  for (const [release, text] of [
    ["r2", "second"],
    ["r1", "first"],
  ] as const) {
    const from = sluice.lines.length;
    symlinkSync(release, `${folder}/next`);
    renameSync(`${folder}/next`, `${folder}/current`);
    await sluice.line("Config reloaded", from);
    t.equal(await (await fetch(url)).text(), text);
  }
  writeFileSync(`${folder}/r1/conf/sluice.yaml`, configText(0, second.url));
  await until(async () => (await (await fetch(url)).text()) === "second");
});

t.test("a reload switches the access log off", async (t) => {
  const { first, folder, sluice, url } = await startWithFile(t);
  await (await fetch(url)).text();
  await sluice.line("request");
  writeFileSync(`${folder}/sluice.yaml`, configText(0, first.url, "accessLog: false"));
  await sluice.line("Config reloaded");
  await (await fetch(url)).text();
  sluice.signal("SIGTERM");
  await sluice.exitCode();
  t.equal(sluice.lines.filter((line) => line.msg === "request").length, 1);
});

t.test("a reload moves listeners and the admin listener, with several workers too", async (t) => {
  const first = await startService(t, "first");
  const folder = socketFolder(t);
  const socket = (name: string) => `unix:${folder}/${name}.sock`;
  const config = (name: string) =>
    [
      `listeners: [{ address: "127.0.0.1:0" }, { address: "${socket(name)}" }]`,
      `clusters: { app: { endpoints: ["${first.url}"] } }`,
      `admin: { address: "${socket(`admin-${name}`)}" }`,
      "",
    ].join("\n");
  writeFileSync(`${folder}/sluice.yaml`, config("a"));
  const sluice = startSluice(t, "--config", `${folder}/sluice.yaml`, "--workers", "2");
  const url = await sluice.url();
  writeFileSync(`${folder}/sluice.yaml`, config("b"));
  await sluice.line("Config reloaded");
  t.equal(await (await fetch(url)).text(), "first");
  const sockets = readdirSync(folder).filter((name) => name.endsWith(".sock"));
  t.same(sockets.sort(), ["admin-b.sock", "b.sock"]);
  t.equal(await getOver(`${folder}/b.sock`), "first");
});

async function getOver(socketPath: string): Promise<string> {
  const [response] = (await once(get({ socketPath, path: "/" }), "response")) as [IncomingMessage];
  return text(response);
}

t.test("a file that the config takes in is watched too, also one that is not there yet", async (t) => {
  const [first, second] = [await startService(t, "first"), await startService(t, "second")];
  const folder = t.testdir({
    more: { "upstream.txt": first.url },
    "sluice.yaml": configText(0, fileText("more/upstream.txt")),
  });
  const sluice = startSluice(t, "--config", `${folder}/sluice.yaml`);
  const url = await sluice.url();
  t.equal(await (await fetch(url)).text(), "first");
  writeFileSync(`${folder}/more/upstream.txt`, second.url);
  await sluice.line("Config reloaded");
  t.equal(await (await fetch(url)).text(), "second");
  writeFileSync(`${folder}/sluice.yaml`, configText(0, fileText("later.txt")));
  t.match((await sluice.line("Config refused, the old one stays"))["problem"], /found no file: .*later\.txt/);
  writeFileSync(`${folder}/later.txt`, first.url);
  await until(async () => (await (await fetch(url)).text()) === "first");
});
