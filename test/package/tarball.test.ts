import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import t from "tap";
import { installTarball } from "../acceptance/install.ts";
import { freePort, listenLocally } from "../support/free-port.ts";
import { startProgram } from "../support/program.ts";
import { findOldNode } from "./old-node.ts";

t.setTimeout(300_000);

const temporary = mkdtempSync(join(tmpdir(), "sluice-package-"));
t.teardown(() => rmSync(temporary, { recursive: true, force: true }));
const folder = join(temporary, "installed");
// The binary's first line asks for the `node` of the PATH: that of this test, then.
const env = { ...process.env, PATH: dirname(process.execPath) + delimiter + process.env["PATH"] };
const skip = await installTarball(temporary);
const published = join(folder, "node_modules", "sluice");
const binary = join(folder, "node_modules", ".bin", "sluice");

t.test("the package holds what runs and what explains it, nothing else", { skip }, async (t) => {
  t.same(readdirSync(published).sort(), ["CHANGELOG.md", "LICENSE", "README.md", "dist", "package.json"]);
  t.same(readdirSync(join(published, "dist")).sort(), ["core", "package.json", "plugins", "sdk"]);
});

t.test("the installed binary prints its version and its help", { skip }, async (t) => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  const options = { cwd: folder, env, encoding: "utf8" } as const;
  t.match(spawnSync(binary, ["--version"], options), { status: 0, stdout: version });
  t.match(spawnSync(binary, ["--help"], options), { status: 0, stdout: "Usage:" });
});

t.test("the installed binary proxies a request", { skip }, async (t) => {
  const service = createServer((request, response) => response.end(`hello from ${request.url}`));
  const upstream = `http://127.0.0.1:${await listenLocally(service)}`;
  t.teardown(() => service.close());
  const listen = `127.0.0.1:${await freePort()}`;
  const args = ["--upstream", upstream, "--listen", listen, "--admin", "off"];

  await using sluice = startProgram(binary, args, { cwd: folder, env });
  await sluice.said(/listening/i);
  const response = await fetch(`http://${listen}/greeting`);
  t.equal(await response.text(), "hello from /greeting");
  sluice.kill("SIGTERM");
  t.equal(await sluice.ended, 0);
});

t.test("the installed binary makes, checks, tests and serves a policy", { skip }, async (t) => {
  const options = { cwd: folder, env, encoding: "utf8" } as const;
  const sluice = (...args: string[]) => spawnSync(binary, args, options);
  t.match(sluice("new", "policy", "hello"), { status: 0, stdout: "wrote plugins/hello.ts" });
  const config = (name: string) => readFileSync(join(folder, "plugins", name), "utf8");
  t.match(JSON.parse(config("tsconfig.plugins.json")), { extends: "sluice/tsconfig.plugin.json" });
  t.match(config("tsconfig.tests.json"), /^\/\/ .*npm install --save-dev @types\/node\n/);
  t.match(sluice("check", "--plugins", "plugins"), { status: 0, stderr: "", stdout: "valid, 1 plugin" });
  t.match(sluice("test"), { status: 0, stderr: "" });
  const tsc = join(process.cwd(), "node_modules", ".bin", "tsc");
  const compile = () => spawnSync(tsc, ["-b", "plugins"], options);
  t.match(compile().stdout, /^error TS2688: Cannot find type definition file for 'node'/m);
  mkdirSync(join(folder, "node_modules", "@types"), { recursive: true });
  symlinkSync(join(process.cwd(), "node_modules/@types/node"), join(folder, "node_modules/@types/node"));
  t.match(compile(), { status: 0, stdout: "" });

  const listen = `127.0.0.1:${await freePort()}`;
  await using dev = startProgram(binary, ["dev", "--listen", listen, "--admin", "off"], { cwd: folder, env });
  await dev.said(/listening/i);
  const response = await fetch(`http://${listen}/`, { headers: { "x-client-id": "acme" } });
  t.equal(response.headers.get("x-seen-client"), "acme");
  t.match(await response.json(), { headers: { "x-policy": "hello" } });
  dev.kill("SIGTERM");
  t.equal(await dev.ended, 0);
});

t.test("the installed binary serves a built-in policy, and its tests name one", { skip }, async (t) => {
  const [listen, config] = [`127.0.0.1:${await freePort()}`, join(folder, "built-in.yaml")];
  const text = `listeners: [{ address: "${listen}" }]
admin: false
clusters: { app: { endpoints: ["http://127.0.0.1:9"] } }
routes: [{ cluster: app, policies: [security-headers] }]
`;
  writeFileSync(config, text);
  const options = { cwd: folder, env, encoding: "utf8" } as const;
  t.match(spawnSync(binary, ["check", "--config", config], options), {
    status: 0,
    stdout: "built in: security-headers, inline, fails closed\n",
  });
  await using sluice = startProgram(binary, ["--config", config], { cwd: folder, env });
  await sluice.said(/listening/i);
  const { headers } = await fetch(`http://${listen}/`);
  t.equal(headers.get("x-content-type-options"), "nosniff");

  const test = `import assert from "node:assert/strict";
import { test } from "node:test";
import { testGateway } from "sluice/testing";
test("named", async () => {
  await using gateway = await testGateway({ plugins: ["security-headers"] });
  assert.equal((await gateway.fetch("/")).headers.get("x-content-type-options"), "nosniff");
});
`;
  mkdirSync(join(folder, "tests"));
  writeFileSync(join(folder, "tests", "built-in.test.ts"), test);
  t.match(spawnSync(binary, ["test", "tests", "--engine", "all"], options), { status: 0, stderr: "" });
});

t.test("a plugin imports what is built in, and its types hold", { skip }, async (t) => {
  const plugins = join(folder, "importing");
  mkdirSync(plugins);
  const plugin = `import { breaker } from "sluice/plugins/breaker";
    export default breaker({ fallback: (request) => new Response(request.method) });\n`;
  writeFileSync(join(plugins, "own-breaker.ts"), plugin);
  writeFileSync(join(plugins, "tsconfig.json"), '{ "extends": "sluice/tsconfig.plugin.json" }');
  const options = { cwd: folder, env, encoding: "utf8" } as const;
  const config = `clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }
routes: [{ cluster: app, policies: [own-breaker] }]
plugins: { directory: importing, settings: { own-breaker: { grants: { kv: true } } } }\n`;
  writeFileSync(join(folder, "importing.yaml"), config);
  const checked = spawnSync(binary, ["check", "--config", "importing.yaml"], options);
  t.match(checked, { status: 0, stderr: "", stdout: "1 route, 1 plugin" });
  const tsc = join(process.cwd(), "node_modules", ".bin", "tsc");
  t.match(spawnSync(tsc, ["-p", "importing"], options), { status: 0, stdout: "" });
});

t.test("a program imports the package, and its types hold", { skip }, async (t) => {
  const program = `import { createProxy, type Proxy } from "sluice";
    const proxy: Proxy = await createProxy({ upstream: "http://127.0.0.1:9", listen: "127.0.0.1:0" });
    const response: Response = await fetch(proxy.url);
    console.log(response.status);
    proxy.close();\n`;
  writeFileSync(join(folder, "embed.mts"), program);
  const compiler = ["--module", "nodenext", "--target", "es2024", "--strict", "--types", "node"];
  const tsc = join(process.cwd(), "node_modules", ".bin", "tsc");
  const typeRoots = ["--typeRoots", join(process.cwd(), "node_modules", "@types")];
  const options = { cwd: folder, env, encoding: "utf8" } as const;
  t.match(spawnSync(tsc, [...compiler, ...typeRoots, "--ignoreConfig", "embed.mts"], options), {
    status: 0,
    stdout: "",
  });
  t.match(spawnSync(process.execPath, ["embed.mjs"], options), { status: 0, stdout: "502" });
});

const oldNode = skip ? null : findOldNode(24);
const noOldNode = skip || (oldNode === null && "no Node older than 24 on the PATH");

t.test("an older Node gets one clear line and exit code 1", { skip: noOldNode }, async (t) => {
  const { status, stderr } = spawnSync(oldNode!, [binary, "--version"], { encoding: "utf8" });
  t.equal(status, 1);
  t.match(stderr, /^sluice needs Node 24 or later, found \S+\n$/);
});
