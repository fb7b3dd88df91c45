/** Node only: plugins are checked by the compiler of TypeScript and tested with Node's test runner. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import { traceFolder } from "../../core/control/process/trace-file.ts";
import { startProgram } from "../support/program.ts";

const binary = resolve("core/cli/main.ts");

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A folder outside of this project, where nothing is installed. */
function folder(t: Test, files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), "sluice-cli-"));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
}

function sluice(cwd: string, ...argv: string[]): Promise<Ended> {
  return sluiceIn({}, cwd, ...argv);
}

async function sluiceIn(env: NodeJS.ProcessEnv, cwd: string, ...argv: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [binary, ...argv], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code, out, err };
}

t.test("--help of every command fits a terminal of 80 columns and 24 lines", async (t) => {
  for (const command of ["new", "dev", "check", "plan", "test", "schema"]) {
    const { code, out } = await sluice(folder(t), command, "--help");
    const lines = out.trimEnd().split("\n");
    t.equal(code, 0);
    t.match(lines[0], `Usage: sluice ${command}`);
    t.ok(lines.length <= 24 && lines.every((line) => line.length <= 80), command);
  }
});

t.test("a new policy is valid and passes its own test, where nothing is installed", async (t) => {
  const cwd = folder(t);
  const made = await sluice(cwd, "new", "policy", "hello");
  t.equal(made.code, 0, made.err);
  t.same(readdirSync(join(cwd, "plugins")).sort(), [
    "hello.test.ts",
    "hello.ts",
    "tsconfig.json",
    "tsconfig.plugins.json",
    "tsconfig.tests.json",
  ]);
  const checked = await sluice(cwd, "check", "--plugins", "plugins");
  t.match(checked, { code: 0, err: "", out: /plugins: valid, 1 plugin\n$/ });
  const tested = await sluice(cwd, "test");
  t.equal(tested.code, 0, tested.out + tested.err);
  t.match(tested.out, /pass 2\b/);
});

t.test("a new policy overwrites nothing, and refuses a name that is none", async (t) => {
  const cwd = folder(t);
  await sluice(cwd, "new", "policy", "hello", "--dir", "p");
  writeFileSync(join(cwd, "p/hello.ts"), "mine");
  t.match(await sluice(cwd, "new", "policy", "hello", "--dir", "p"), {
    code: 2,
    err: /p\/hello\.ts exists/,
  });
  t.equal(readFileSync(join(cwd, "p/hello.ts"), "utf8"), "mine");
  t.match(await sluice(cwd, "new", "policy", "10-x.ts", "--dir", "p"), {
    code: 0,
    out: /^wrote p\/10-x\.ts$/m,
  });
  for (const name of ["../escape", "a/b", "-x", ".hidden"])
    t.equal((await sluice(cwd, "new", "policy", name)).code, 2, name);
});

t.test("test takes a file, too", async (t) => {
  const failing = 'throw new Error("no");';
  const cwd = folder(t, { "a.test.ts": failing, "b.test.ts": "", "b.ts": "" });
  t.match(await sluice(cwd, "test", "b.test.ts"), { code: 0, out: /pass 1\b/ });
  t.equal((await sluice(cwd, "test", "a.test.ts")).code, 1);
  t.match(await sluice(cwd, "test", "b.ts"), { code: 2, err: /Nothing to test/ });
});

t.test("what to do next is told with the command as it was started", async (t) => {
  const starts = [
    { npm_command: "start", npm_lifecycle_event: "start", command: "npm start --" },
    { npm_command: "exec", npm_lifecycle_event: "npx", command: "npx sluice" },
    { npm_command: "", npm_lifecycle_event: "", command: "sluice" },
  ];
  for (const { command, ...env } of starts) {
    const { out } = await sluiceIn(env, folder(t), "new", "policy", "hello");
    t.match(out, `\n  ${command} dev\n`);
    t.match(out, `\n  ${command} test\n`);
  }
});

t.test("a test that fails is exit code 1, and no tests are a mistake", async (t) => {
  const failing = `import { test } from "node:test"; test("no", () => { throw new Error("no"); });`;
  t.equal((await sluice(folder(t, { "a.test.ts": failing }), "test", ".")).code, 1);
  t.match(await sluice(folder(t), "test"), { code: 2, err: /Nothing to test/ });
});

const faulty = {
  "types.ts": `import { definePlugin } from "sluice/sdk";
export default definePlugin({
  config: { type: "object", properties: { n: { type: "number" } }, required: ["n"] },
  capabilities: { kv: true, env: ["A"] },
  onRequest(request, ctx) {
    const n: string = ctx.config.n;
    return process.env[n];
  },
});
export const own = (Intl: { Collator: () => number }) => Intl.Collator();
export let type: Intl.NumberFormat;
export const shown = () => [new Intl.NumberFormat("de"), globalThis.Intl];
`,
  "syntax.ts": "export default {\n",
  "thrower.ts": 'export default {};\nthrow new Error("at the top");\n',
  "sluice.yaml": `clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }
plugins:
  directory: .
  settings:
    typse: { engine: quickjs }
    types: { grants: { kv: true } }
routes:
  - { cluster: app, policies: [{ plugin: types, config: { n: x } }, nobody] }
`,
};

t.test("check tells every mistake of every plugin at its place, with exit code 78", async (t) => {
  const { code, err, out } = await sluice(folder(t, faulty), "check");
  t.equal(code, 78);
  const problems = err.split("\n").filter((line) => /^\S+:\d+:\d+: /.test(line));
  t.match(problems, [
    /^syntax\.ts:2:1: /,
    "types.ts:6:11: Type 'number' is not assignable to type 'string'.",
    "types.ts:7:12: Cannot find name 'process': a plugin has the Web's globals",
    "types.ts:12:33: Cannot use 'Intl': a plugin does not have it, on any engine",
    "types.ts:12:69: Cannot use 'Intl': a plugin does not have it, on any engine",
    "thrower.ts:2:7: Error in its top level: at the top",
    "sluice.yaml:6:14: the plugin types asks for env A, which is not granted under plugins.settings.types.grants",
    "sluice.yaml:8:59: route app: config of types: config/n must be number",
    /^sluice\.yaml:8:69: route app: expected the name of a plugin, one of syntax, thrower, types, found "nobody"/,
    'sluice.yaml:5:5: no plugin is called "typse" (did you mean "types"?)',
  ]);
  t.match(err, "> 6 |     const n: string = ctx.config.n;");
  t.match(out, "  kv     granted\n  env A  not granted\n");
});

t.test("check survives a plugin that ends the process it is loaded in", async (t) => {
  const cwd = folder(t, { "bomb.js": '"a".repeat(1 << 28).split("");\nexport default {};\n' });
  t.match(await sluice(cwd, "check", "--plugins", "."), {
    code: 78,
    err: "bomb.js:1:1: the process ended while the plugin was loaded\n",
  });
});

t.test("check without plugins costs no compiler", async (t) => {
  const cwd = folder(t, { "sluice.yaml": 'clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }\n' });
  t.match(await sluice(cwd, "check"), {
    code: 0,
    out: "sluice.yaml: valid, 1 listener, 1 cluster, 1 route\n",
  });
});

const planned = {
  "a.ts": "export default { onRequest() {}, onResponse() {}, onLog() {}, capabilities: { kv: true } };\n",
  "b.ts":
    "export default { onRequest() {}, onRequestBody() {}, onUpstream() {}, onResponse() {}, onResponseBody() {} };\n",
  "sluice.yaml": `clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }
plugins: { directory: ., settings: { a: { engine: quickjs, grants: { kv: true }, limits: { body: 4KiB } } } }
routes:
  - { cluster: app }
  - { cluster: app, name: open, path: /open, policies: [], methods: [GET] }
  - { cluster: app, name: beta, path: /beta, headers: { x-beta: true }, policies: [b] }
`,
};

t.test("plan tells where a policy keeps responses", async (t) => {
  const files = {
    "sluice.yaml": `clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }
routes: [{ cluster: app, policies: [cache] }]
cache: { memory: 32MiB, disk: { path: /var/c } }
`,
  };
  const { out, err, code } = await sluice(folder(t, files), "plan");
  t.equal(code, 0, err);
  t.match(out, "  keeps   responses, in 32MiB of memory, and 1GiB in /var/c\n");
});

t.test("plan tells which store machines share responses in", async (t) => {
  const files = {
    "sluice.yaml": `clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }
routes: [{ cluster: app, policies: [cache] }]
stores: { shared: { redis: { url: "redis://127.0.0.1:6379" } } }
cache: { redis: { store: shared, keep: 90m } }
`,
  };
  const { out, err, code } = await sluice(folder(t, files), "plan");
  t.equal(code, 0, err);
  t.match(
    out,
    "  keeps   responses, in 64MiB of memory, and in the store shared up to 1MiB each, for 90m at most\n",
  );
});

t.test("what sluice new wrote is checked and planned without a service", async (t) => {
  const cwd = folder(t, {});
  t.match(await sluice(cwd, "new", "policy", "hello"), { code: 0 });
  t.match(await sluice(cwd, "check", "--plugins", "plugins"), { code: 0, out: /plugins: valid, 1 plugin/ });
  const plan = await sluice(cwd, "plan", "/orders", "--plugins", "plugins", "--method", "POST");
  t.match(plan, { code: 0, err: "" });
  t.match(plan.out, /client -> hello\.onRequest -> service\n/);
  t.match(plan.out, /cluster +none yet: --upstream URL/);
  const json = await sluice(cwd, "plan", "--plugins", "plugins", "--json");
  t.match(JSON.parse(json.out), [{ cluster: "upstream", traffic: null }]);
});

t.test("plan shows the chain of every route in the order of running", async (t) => {
  const { out, err, code } = await sluice(folder(t, planned), "plan");
  t.equal(code, 0, err);
  t.match(
    out,
    `  request        client -> a.onRequest -> b.onRequest -> b.onRequestBody -> b.onUpstream -> service
  response       service -> b.onResponse -> a.onResponse -> b.onResponseBody -> client
  request body   streams through b.onRequestBody; held only while read by a.onRequest (up to 4KiB) or b.onRequest (up to 1MiB)
`,
  );
  t.match(out, "  after          a.onLog\n");
  t.match(out, "route open: GET, any host, prefix /open, cluster app\n  no policies: bodies stream past\n");
  t.match(out, "  cluster        app: round-robin\n  endpoints      127.0.0.1:3000\n");
  t.match(out, "policy a: a.ts, quickjs, fails closed\n");
  t.match(out, "  grants  kv\n");
  t.match(
    out,
    `  limits  cpu 50ms, wall 5s, memory 32MiB, body 4KiB, fetches 10, logLines 100
  at most cpu 100ms, wall 30s, memory 128MiB, body 4KiB, fetches 100, logLines 1000
`,
  );
});

t.test("check and plan refuse a plugin that gives itself too much, and name what allows it", async (t) => {
  const cwd = folder(t, {
    "greedy.ts": 'export default { limits: { cpu: "2s" }, onRequest() {} };\n',
    "allowing.yaml": `clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }
plugins: { directory: ., maxLimits: { cpu: 2s } }
`,
  });
  const refusal =
    /^greedy\.ts:1:\d+: Cannot use limits\.cpu: the plugin gives itself 2s, and plugins may have 100ms; .*plugins\.settings\.greedy\.limits\.cpu, .*plugins\.maxLimits\.cpu\n/;
  t.match(await sluice(cwd, "check", "--plugins", "."), { code: 78, err: refusal });
  t.match(await sluice(cwd, "plan", "--plugins", "."), { code: 78, err: refusal });
  t.match(await sluice(cwd, "plan", "--config", "allowing.yaml"), {
    code: 0,
    out: / {2}limits {2}cpu 2s,.*\n {2}at most cpu 2s,/,
  });
});

t.test("plan of a URL finds the route as the data path does", async (t) => {
  const cwd = folder(t, planned);
  const routeOf = async (...argv: string[]) =>
    JSON.parse((await sluice(cwd, "plan", ...argv, "--json")).out).route;
  t.equal(await routeOf("/x/../open/a"), "open");
  t.equal(await routeOf("/beta"), "app");
  t.equal(await routeOf("http://Example.com/beta", "--header", "X-Beta: 1"), "beta");
  t.match(await sluice(cwd, "plan", "no url"), { code: 2, err: /Cannot use the URL/ });
});

t.test("plan --deno names what the configuration needs and nothing else", async (t) => {
  const cwd = folder(t, planned);
  const { out } = await sluice(cwd, "plan", "--deno", "--listen", "127.0.0.1:1234", "--admin", "off");
  t.match(out, "--allow-net=127.0.0.1:0,127.0.0.1:1234,127.0.0.1:3000 ");
  t.match(out, `,${cwd},${traceFolder} `);
  t.match(out, `--allow-write=${traceFolder} `);
  t.notMatch(out, /--allow-(all|ffi|net |read |write )/);
  t.match(out, / --listen 127\.0\.0\.1:1234 --admin off\n$/);
});

t.test("plan --deno leaves out of the command what is asked of the plan alone", async (t) => {
  const asked = ["/orders", "--method", "POST", "--header=x-a: 1", "--json", "--deno"];
  const options = ["--upstream=http://127.0.0.1:3000", "--no-access-log", "--admin", "off"];
  const { code, out, err } = await sluice(folder(t), "--log-level", "warn", "plan", ...asked, ...options);
  t.equal(code, 0, err);
  t.match(out, `/main.ts --log-level warn ${options.join(" ")}\n`);
});

t.test("dev serves an echo and the policies, with what they declare granted", async (t) => {
  const plugin = `export default {
  capabilities: { kv: true },
  async onRequest(request, ctx) { request.headers.set("x-count", String(await ctx.kv.increment("n"))); },
};
`;
  const cwd = folder(t);
  await sluice(cwd, "new", "policy", "hello");
  rmSync(join(cwd, "plugins/hello.test.ts"));
  writeFileSync(join(cwd, "plugins/hello.ts"), plugin);
  const argv = [binary, "dev", "--listen", "127.0.0.1:0", "--admin", "off"];
  await using program = startProgram(process.execPath, argv, { cwd });
  await program.said(/listening/);
  t.match(program.output, /every plugin in plugins is granted what it declares/);
  const address = /"listeners":\["(.*?)"\]/.exec(program.output)?.[1];
  const echoed = await (await fetch(`http://${address}/a`, { method: "POST", body: "text" })).json();
  t.match(echoed, { method: "POST", url: "/a", body: "text", headers: { "x-count": "1" } });

  writeFileSync(
    join(cwd, "plugins/hello.ts"),
    "export default { onRequest() { throw new Error('oh <no>'); } };\n",
  );
  await program.said(/reloaded/i);
  const page = await fetch(`http://${address}/a`, { headers: { accept: "text/html" } });
  t.equal(page.status, 500);
  t.match(await page.text(), /oh &#60;no&#62;[\s\S]*plugins\/hello\.ts:1:/);

  writeFileSync(join(cwd, "plugins/hello.ts"), "export default {\n  onRequest() {\n    for (;;);\n  } };\n");
  await program.said(/reloaded[\s\S]*reloaded/i);
  const looping = await fetch(`http://${address}/a`, { headers: { accept: "text/html" } });
  t.match(await looping.text(), /took more than 50 ms[\s\S]*plugins\/hello\.ts:3:/);
  await program.said(/> 3 \| +for \(;;\);/);
  program.kill("SIGTERM");
  t.equal(await program.ended, 0);
});

t.test("Attack: dev shows no secret on /config", async (t) => {
  const cwd = folder(t, {
    "p.ts": "export default { onRequest() {} };\n",
    "sluice.yaml": `clusters: { app: { endpoints: ["http://127.0.0.1:9"] } }
routes: [{ cluster: app, hostHeader: "\${env:GATE_TOKEN}" }]
`,
  });
  const argv = [binary, "dev", "--plugins", ".", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
  await using program = startProgram(process.execPath, argv, { cwd, env: { GATE_TOKEN: "hunter2" } });
  await program.said(/listening/);
  const address = /"admin":"(.*?)"/.exec(program.output)?.[1];
  const page = await (await fetch(`http://${address}/config`)).text();
  t.match(page, /"host": \{\s+"literal": "\*\*\*"/);
  t.notMatch(page, "hunter2");
});

t.test("dev without a folder of plugins says how to make one", async (t) => {
  t.match(await sluice(folder(t), "dev"), { code: 2, err: /sluice new policy NAME/ });
});

t.test("dev with a broken policy shows where, and serves when it is put right", async (t) => {
  const cwd = folder(t, { "p.ts": "export default {\n" });
  const argv = [binary, "dev", "--plugins", ".", "--listen", "127.0.0.1:0", "--admin", "off"];
  await using program = startProgram(process.execPath, argv, { cwd });
  await program.said(/p\.ts:2:1: [\s\S]*Waiting for a change/);
  writeFileSync(join(cwd, "p.ts"), "export default { onRequest() {} };\n");
  await program.said(/listening/);
  program.kill("SIGTERM");
  t.equal(await program.ended, 0);
});

t.test("dev with a broken start waits for the config file and for what policies import, too", async (t) => {
  const root = folder(t);
  mkdirSync(join(root, "plugins"));
  mkdirSync(join(root, "lib"));
  const save = (name: string, text: string) => writeFileSync(join(root, name), text);
  const config = (n: string, policy = "p") => `admin: false
listeners: [{ address: "127.0.0.1:0" }]
clusters: { app: { endpoints: ["http://127.0.0.1:9"] } }
plugins: { directory: plugins, settings: { p: { config: { n: ${n} } } } }
routes: [{ cluster: app, policies: [${policy}] }]
`;
  save(
    "plugins/p.ts",
    `import { text } from "../lib/text.ts";
if (text === "bad") throw new Error("a bad text");
export default {
  config: { type: "object", properties: { n: { type: "integer" } } },
  onRequest() { return new Response(text); },
};
`,
  );
  save("lib/text.ts", "export const text = ;\n");
  save("sluice.yaml", config("two"));
  await using program = startProgram(process.execPath, [binary, "dev"], { cwd: root });
  const steps: [problem: string, repair: () => void][] = [
    ["lib/text\\.ts:1:21: ", () => save("lib/text.ts", 'export const text = "bad";\n')],
    ["plugins/p\\.ts:2:\\d+: .*a bad text", () => save("lib/text.ts", 'export const text = "good";\n')],
    ["sluice\\.yaml:4:59: .*must be integer", () => save("sluice.yaml", config("2", "nobody"))],
    ["sluice\\.yaml:5:37: .*nobody", () => save("sluice.yaml", "clusters: 7\n")],
    ["sluice\\.yaml:1:11: ", () => save("sluice.yaml", config("2"))],
  ];
  let said = "";
  for (const [problem, repair] of steps) {
    said += `${problem}[\\s\\S]*Waiting for a change in plugins or sluice\\.yaml\n[\\s\\S]*`;
    await program.said(new RegExp(said));
    repair();
  }
  await program.said(/listening/);
  const address = /"listeners":\["(.*?)"\]/.exec(program.output)?.[1];
  t.equal(await (await fetch(`http://${address}/`)).text(), "good");
  program.kill("SIGTERM");
  t.equal(await program.ended, 0);
});

t.test("a run with a broken policy ends with 78 and says where", async (t) => {
  const cwd = folder(t, { "p.ts": "export default {\n" });
  const argv = [
    "--upstream",
    "http://127.0.0.1:9",
    "--plugins",
    ".",
    "--listen",
    "127.0.0.1:0",
    "--admin",
    "off",
  ];
  t.match(await sluice(cwd, ...argv), { code: 78, err: /^p\.ts:2:1: .*\n {2}1 \| export default/ });
});

t.test("Attack: a plugin that fails to load writes nothing to the terminal that steers it", async (t) => {
  const steering = "\\x1b]0;x\\x07\\x9b2J\\u202e";
  const flags = [
    "--upstream",
    "http://127.0.0.1:9",
    "--plugins",
    ".",
    "--listen",
    "127.0.0.1:0",
    "--admin",
    "off",
  ];
  const clean = (told: string, what: string) => {
    t.match(told, /\ufffd\]0;x\ufffd\ufffd2J\ufffd/, what);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not pass.
    t.notMatch(told, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/, what);
  };
  for (const [what, plugin] of Object.entries({
    thrown: `const steering = "\u202e"; throw new Error("${steering}");\n`,
    name: `export default { onRequest() {}, setup() { throw Object.assign(new Error("x"), { name: "${steering}" }); } };\n`,
    member: `export default { onRequest() {}, capabilities: { "${steering}": "${steering}" } };\n`,
  })) {
    const cwd = folder(t, {
      "p.ts": plugin,
      "p.test.ts": `import { test } from "node:test";
import { testGateway } from "sluice/testing";
test("loads", async () => { await (await testGateway({ plugins: [new URL("./p.ts", import.meta.url)] })).close(); });
`,
    });
    const told = async (...argv: string[]) => {
      const { out, err } = await sluice(cwd, ...argv);
      return out + err;
    };
    clean(await told("check", ...flags), `check, ${what}`);
    clean(await told("plan", ...flags), `plan, ${what}`);
    clean(await told(...flags), `run, ${what}`);
    clean(await told("test", "."), `test, ${what}`);
    await using program = startProgram(process.execPath, [binary, "dev", ...flags], { cwd });
    await program.said(/Waiting for a change/);
    clean(program.output, `dev, ${what}`);
  }
});
