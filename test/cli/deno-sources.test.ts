/** What upstreams, stores and discovery need of Deno besides the network, under the command that is printed. */
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import t from "tap";
import { ApiServer } from "../discovery/api-server.ts";
import { DnsServer } from "../discovery/dns-server.ts";
import { createAuthority } from "../net/certificates.ts";
import { until } from "../net/until.ts";
import { freePort, listenLocally } from "../support/free-port.ts";
import { startProgram } from "../support/program.ts";
import { bin, env, folder, get, plan, service, start } from "./planned-deno.ts";

t.setTimeout(120_000);

/** A config with one cluster. */
const configOf = (port: number, cluster: string) => `listeners: [{ address: "127.0.0.1:${port}" }]
admin: false
clusters: { app: ${cluster} }
routes: [{ cluster: app }]
`;

t.test("an https upstream is served, and one whose authority is unknown is refused", async (t) => {
  const cwd = folder(t, {});
  const authority = createAuthority(cwd);
  const { cert, key } = authority.issue("service", ["127.0.0.1"]);
  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_, response) =>
    response.end("by TLS"),
  );
  t.teardown(() => server.close());
  const [upstream, port] = [await listenLocally(server), await freePort()];
  const options = ["--upstream", `https://127.0.0.1:${upstream}`, "--listen", `127.0.0.1:${port}`];
  const printed = await plan(cwd, ...options, "--admin", "off");
  const task = `${join(bin, "deno")} task start ${options.join(" ")} --admin off`;
  for (const [command, from] of [
    [printed, cwd],
    [task, process.cwd()],
  ] as const) {
    await using strict = start(from, command);
    await strict.said(/listening/);
    t.match(await get(port), "tls_certificate", "nobody vouches for it");
    strict.kill("SIGTERM");
    t.equal(await strict.ended, 0);
    const trusting = { ...env, DENO_CERT: authority.file };
    await using sluice = startProgram("sh", ["-c", `exec ${command}`], { cwd: from, env: trusting });
    await sluice.said(/listening/);
    t.equal(await get(port), "by TLS");
    server.closeAllConnections();
  }
});

t.test("a store by TLS has what its files take", async (t) => {
  const port = await freePort();
  const cwd = folder(t, {});
  const { file } = createAuthority(cwd);
  const config = configOf(port, '{ endpoints: ["http://127.0.0.1:9"] }');
  const stores = `stores: { shared: { redis: { url: "rediss://127.0.0.1:9", tls: { ca: ${file} } } } }\n`;
  writeFileSync(join(cwd, "sluice.yaml"), config + stores);
  await using sluice = start(cwd, await plan(cwd));
  await sluice.said(/listening/);
  sluice.kill("SIGTERM");
  t.equal(await sluice.ended, 0, sluice.output);
});

t.test("Consul by TLS is asked, a fault of it is told, and the end is an orderly one", async (t) => {
  const port = await freePort();
  const cwd = folder(t, {
    "sluice.yaml": configOf(port, "{ discovery: { consul: { url: https://127.0.0.1:9, service: app } } }"),
  });
  await using sluice = start(cwd, await plan(cwd));
  await sluice.said(/listening/);
  t.match(sluice.output, /cannot ask 127\.0\.0\.1:9: it refuses connections/);
  sluice.kill("SIGTERM");
  t.equal(await sluice.ended, 0, sluice.output);
});

for (const kind of ["dns", "srv"]) {
  t.test(`a cluster is found by ${kind}`, async (t) => {
    const [server, upstream, port] = [await DnsServer.start(t), await service(t), await freePort()];
    server.set("app.internal", [{ type: "A", ttl: 5, data: "127.0.0.1" }]);
    server.set("_http._tcp.internal", [{ type: "SRV", ttl: 5, data: `1 1 ${upstream} app.internal` }]);
    const what = kind === "dns" ? `dns: "app.internal:${upstream}"` : "srv: _http._tcp.internal";
    const discovery = `{ discovery: { ${what}, resolvers: ["${server.address}"] } }`;
    const cwd = folder(t, { "sluice.yaml": configOf(port, discovery) });
    await using sluice = start(cwd, await plan(cwd));
    await sluice.said(/listening/);
    t.equal(await get(port), "service", sluice.output);
    sluice.kill("SIGTERM");
    t.equal(await sluice.ended, 0);
    const args = ["task", "start", "--config", join(cwd, "sluice.yaml")];
    await using task = startProgram(join(bin, "deno"), args, { env });
    await task.said(/listening/);
    t.equal(await get(port), "service", task.output);
  });
}

t.test("a file of endpoints beside the config's folder is read, and read again", async (t) => {
  const [one, two, port] = [await service(t, "one"), await service(t, "two"), await freePort()];
  const cwd = folder(t, {
    "conf/sluice.yaml": configOf(port, "{ discovery: { file: ../found/list.yaml } }"),
    "found/list.yaml": `- "127.0.0.1:${one}"\n`,
  });
  await using sluice = start(cwd, await plan(cwd, "--config", "conf/sluice.yaml"));
  await sluice.said(/listening/);
  t.equal(await get(port), "one", sluice.output);
  writeFileSync(join(cwd, "found/list.yaml"), `- "127.0.0.1:${two}"\n`);
  await until(async () => (await get(port)) === "two");
  t.pass("its folder is watched");
});

t.test("the files of a Kubernetes service account are read, wherever they are", async (t) => {
  const cwd = folder(t, { "account/token": "abc.def" });
  const authority = createAuthority(cwd);
  const { cert, key } = authority.issue("api", ["127.0.0.1"]);
  const api = await ApiServer.start(t, { cert: readFileSync(cert), key: readFileSync(key) });
  const port = await freePort();
  const files = `tokenFile: ${join(cwd, "account/token")}, caFile: ${authority.file}`;
  const kubernetes = `{ service: app, namespace: default, port: 80, url: "${api.url}", ${files} }`;
  const conf = folder(t, { "sluice.yaml": configOf(port, `{ discovery: { kubernetes: ${kubernetes} } }`) });
  await using sluice = start(conf, await plan(conf));
  const { request, response } = await api.next();
  t.equal(request.headers.authorization, "Bearer abc.def");
  response.end("{}");
  await sluice.said(/listening/);
});

t.test("a file that may not be read is named, with the option that gives it", async (t) => {
  const port = await freePort();
  const cwd = folder(t, {
    "conf/sluice.yaml": configOf(port, `{ discovery: { file: ../found/list.yaml } }`),
    "found/list.yaml": "[]",
  });
  const command = await plan(cwd, "--config", "conf/sluice.yaml");
  const less = command.replace(`,${join(cwd, "found")}`, "");
  t.not(less, command);
  await using sluice = start(cwd, less);
  await sluice.said(/listening/);
  t.match(sluice.output, `no permission (start with --allow-read=${join(cwd, "found/list.yaml")})`);
  t.notMatch(sluice.output, "undefined");
});

t.test("a secret beside the config's folder is read, and its place is what a refusal names", async (t) => {
  const [upstream, port] = [await service(t), await freePort()];
  const route = `routes: [{ path: /secret, respond: { status: 200, body: "\${file:../keys/secret}" } }, { cluster: app }]`;
  const text = configOf(port, `{ endpoints: ["http://127.0.0.1:${upstream}"] }`).replace(/routes: .*/, route);
  const cwd = folder(t, { "conf/sluice.yaml": text, "keys/secret": "first\n" });
  const command = await plan(cwd, "--config", "conf/sluice.yaml");
  await using sluice = start(cwd, command);
  await sluice.said(/listening/);
  t.equal(await get(port, "/secret"), "first");
  writeFileSync(join(cwd, "keys/secret"), "second\n");
  await until(async () => (await get(port, "/secret")) === "second");
  sluice.kill("SIGTERM");
  await sluice.ended;
  const less = command.replace(`,${join(cwd, "keys")}`, "");
  t.not(less, command);
  await using refused = start(cwd, less);
  t.equal(await refused.ended, 78);
  t.match(refused.output, `found no permission (start with --allow-read=${join(cwd, "keys/secret")})`);
});
