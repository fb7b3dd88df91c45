/** Node only: as in policies.test.ts, TypeScript's compiler is part of the check. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import { startProgram } from "../support/program.ts";

const binary = resolve("core/cli/main.ts");
const clusters = 'clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }\n';

function folder(t: Test, files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), "sluice-cli-"));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
}

async function sluice(cwd: string, ...argv: string[]) {
  const child = spawn(process.execPath, [binary, ...argv], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code, out, err };
}

t.test("check and plan know a built-in policy, without a folder of plugins", async (t) => {
  const cwd = folder(t, {
    "sluice.yaml": `${clusters}routes:
  - { cluster: app, policies: [{ plugin: security-headers, config: { hsts: false } }] }
`,
  });
  t.match(await sluice(cwd, "check"), {
    code: 0,
    err: "",
    out: /^built in: security-headers, inline, fails closed\n {2}onResponse\n[\s\S]*valid, .*1 plugin\n$/,
  });
  const { code, out } = await sluice(cwd, "plan", "/");
  t.equal(code, 0);
  t.match(out, "  response       service -> security-headers.onResponse -> client\n");
  t.match(out, "policy security-headers: built in, inline, fails closed\n");
  t.match(out, '  config  {"hsts":false}\n');
  const [policy] = JSON.parse((await sluice(cwd, "plan", "/", "--json")).out).policies;
  t.match(policy, { plugin: "security-headers", builtIn: true, engine: "inline" });
  t.match((await sluice(cwd, "plan", "--deno")).out, /--allow-run=\S*esbuild/);
});

t.test("check tells what is wrong with a built-in policy where the file says it", async (t) => {
  const cwd = folder(t, {
    "own.ts": "export default { onRequest() {} };\n",
    "sluice.yaml": `${clusters}plugins:
  directory: .
  settings: { security-header: { engine: quickjs }, security-headers: { engine: quickjs } }
routes:
  - { cluster: app, policies: [own, { plugin: security-headers, config: { hsts: { maxAge: long } } }] }
  - { cluster: app, path: /a, policies: [securityheaders] }
`,
  });
  const { code, err, out } = await sluice(cwd, "check");
  t.equal(code, 78);
  t.match(
    err.split("\n").filter((line) => /^\S+:\d+:\d+: /.test(line)),
    [
      /^sluice\.yaml:6:83: route app: config of security-headers: config\/hsts\/maxAge must be integer/,
      /^sluice\.yaml:7:42: route app-2: expected the name of a plugin, one of own, found "securityheaders" \(did you mean "security-headers"\?\); built in: .*security-headers/,
      'sluice.yaml:4:15: no plugin is called "security-header" (did you mean "security-headers"?)',
    ],
  );
  t.match(out, "built in: security-headers, quickjs, fails closed\n");
});

t.test("check compares a built-in policy's config with the patterns of its schema, too", async (t) => {
  const cwd = folder(t, {
    "sluice.yaml": `${clusters}routes:
  - cluster: app
    policies:
      - { plugin: security-headers, config: { permissionsPolicy: "camera=()\\r\\nset-cookie: a=b" } }
`,
  });
  t.match(await sluice(cwd, "check"), {
    code: 78,
    err: /^sluice\.yaml:5:47: route app: config of security-headers: config\/permissionsPolicy must match /,
  });
});

t.test("check looks for the stores that a policy's config names", async (t) => {
  const withStore = (name: string) =>
    folder(t, {
      "sluice.yaml": `${clusters}stores: { shared: { redis: { url: redis://127.0.0.1:1 } } }
routes:
  - cluster: app
    policies:
      - { plugin: rate-limit, config: { limits: [{ limit: 5 }], store: { name: ${name} } } }
`,
    });
  t.match(await sluice(withStore("other"), "check"), {
    code: 78,
    err: /^sluice\.yaml:6:\d+: route app: config of rate-limit: config\/store\/name must be the name of a store, one of shared/,
  });
  t.match(await sluice(withStore("shared"), "check"), { code: 0 });
});

t.test("dev serves built-in policies beside those of the folder", async (t) => {
  const cwd = folder(t, {
    "own.ts": `export default { onResponse(response) { response.headers.set("x-own", "1"); } };\n`,
    "sluice.yaml": `listeners: [{ address: "127.0.0.1:0" }]
${clusters}routes: [{ cluster: app, policies: [own, security-headers] }]
`,
  });
  const argv = [binary, "dev", "--plugins", ".", "--admin", "off"];
  await using program = startProgram(process.execPath, argv, { cwd });
  await program.said(/listening/);
  const address =
    /"listeners":\["(.*?)"\]/.exec(program.output)?.[1] ?? /127\.0\.0\.1:\d+/.exec(program.output)?.[0];
  const { headers } = await fetch(`http://${address}/`);
  t.equal(headers.get("x-own"), "1");
  t.equal(headers.get("x-content-type-options"), "nosniff");
  program.kill("SIGTERM");
  t.equal(await program.ended, 0);
});

t.test("a built-in policy that nobody names is no part of a plan", async (t) => {
  const cwd = folder(t, { "own.ts": "export default { onRequest() {} };\n", "sluice.yaml": clusters });
  const { out } = await sluice(cwd, "plan", "--plugins", ".");
  t.match(out, "client -> own.onRequest -> service");
  t.notMatch(out, "security-headers");
});

t.test("a folder's plugin with the name of a built-in one is the one that is checked", async (t) => {
  const cwd = folder(t, {
    "security-headers.ts": "export default { onRequest() {} };\n",
    "sluice.yaml": `${clusters}routes: [{ cluster: app, policies: [security-headers] }]\n`,
  });
  const { out } = await sluice(cwd, "plan", "--plugins", ".");
  t.match(out, "client -> security-headers.onRequest -> service");
  t.match(out, "policy security-headers: security-headers.ts, isolated-vm");
});
