import { readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { until } from "../../net/until.ts";
import { PluginFolder } from "../plugin-folder.ts";
import { type RunningSluice, startSluice } from "../running-sluice.ts";
import { startService } from "../service.ts";

/** A config file; `more` is what it says of routes and plugins. */
async function configOf(t: Test): Promise<(more: string) => string> {
  const service = await startService(t);
  return (more) => `listeners: [{ address: "127.0.0.1:0" }]
admin: { address: "127.0.0.1:0" }
accessLog: false
clusters: { app: { endpoints: ["${service.url}"] } }
${more}\n`;
}

const using = (...policies: string[]) => `routes: [{ cluster: app, policies: [${policies.join(", ")}] }]`;

async function fieldsOf(url: string): Promise<Record<string, string>> {
  const response = await fetch(url);
  await response.text();
  return Object.fromEntries(response.headers);
}

async function plugins(sluice: RunningSluice): Promise<readonly Record<string, unknown>[]> {
  const page = await fetch(`${await sluice.adminUrl()}/plugins`);
  return ((await page.json()) as { plugins: Record<string, unknown>[] }).plugins;
}

t.test("a route's built-in policy needs no folder, and runs in the proxy itself", async (t) => {
  const folder = new PluginFolder(t, {});
  const config = await configOf(t);
  const sluice = startSluice(t, "--config", folder.write("sluice.yaml", config(using("security-headers"))));
  t.match(await fieldsOf(await sluice.url()), { "x-content-type-options": "nosniff" });
  t.match(await plugins(sluice), [
    { name: "security-headers", builtIn: true, engine: "inline", state: "ready" },
  ]);
});

t.test("the operator's settings put a built-in plugin into a sandbox", async (t) => {
  const folder = new PluginFolder(t, {});
  const config = await configOf(t);
  const settings = "plugins: { settings: { security-headers: { engine: quickjs } } }";
  const text = config(`${using("security-headers")}\n${settings}`);
  const sluice = startSluice(t, "--config", folder.write("sluice.yaml", text));
  t.match(await fieldsOf(await sluice.url()), { "x-content-type-options": "nosniff" });
  t.match(await plugins(sluice), [{ engine: "quickjs", builtIn: true }]);
});

t.test("a reload may bring the first built-in policy, and take it away", async (t) => {
  const folder = new PluginFolder(t, {});
  const config = await configOf(t);
  const file = folder.write("sluice.yaml", config(""));
  const sluice = startSluice(t, "--config", file);
  const url = await sluice.url();
  t.notOk("x-content-type-options" in (await fieldsOf(url)));
  let from = sluice.lines.length;
  folder.write("sluice.yaml", config(using("security-headers")));
  await sluice.line("Config reloaded", from);
  t.match(await fieldsOf(url), { "x-content-type-options": "nosniff" });
  from = sluice.lines.length;
  folder.write("sluice.yaml", config(""));
  await sluice.line("Config reloaded", from);
  t.notOk("x-content-type-options" in (await fieldsOf(url)));

  from = sluice.lines.length;
  const engine = "plugins: { settings: { security-headers: { engine: isolated-vm } } }";
  folder.write("sluice.yaml", config(`${using("security-headers")}\n${engine}`));
  t.match(
    await sluice.line("Config refused, the old one stays", from),
    { problem: /start Sluice again/ },
    "an engine that wants a process of its kind does not come by a reload",
  );
});

t.test("the folder's plugin of the same name wins, and the log says so once", async (t) => {
  const own = (value: string) => `export default { onResponse(response) {
  response.headers.set("x-whose", "${value}");
} };\n`;
  const folder = new PluginFolder(t, { "security-headers.ts": own("mine") });
  const config = await configOf(t);
  const text = config(`${using("security-headers")}\nplugins: { directory: plugins }`);
  const sluice = startSluice(t, "--config", folder.write("sluice.yaml", text));
  const url = await sluice.url();
  const fields = await fieldsOf(url);
  t.equal(fields["x-whose"], "mine");
  t.notOk("x-content-type-options" in fields);
  t.match(await plugins(sluice), [{ name: "security-headers", builtIn: false }]);
  folder.save("security-headers.ts", own("still mine"));
  await sluice.line("Plugins reloaded");
  t.equal((await fieldsOf(url))["x-whose"], "still mine");
  const told = sluice.lines.filter(({ msg }) => msg.includes("in place of the built-in one"));
  t.match(told, [{ plugin: "security-headers" }]);
  t.equal(told.length, 1);
});

t.test("a route without policies has the folder's and none that is built in", async (t) => {
  const folder = new PluginFolder(t, {
    "a.ts": `export default { onResponse(response) { response.headers.set("x-a", "1"); } };\n`,
  });
  const config = await configOf(t);
  const text = config(`routes:
  - { cluster: app }
  - { cluster: app, path: /b, policies: [security-headers] }
plugins: { directory: plugins }`);
  const sluice = startSluice(t, "--config", folder.write("sluice.yaml", text));
  const url = await sluice.url();
  const [bare, named] = [await fieldsOf(url), await fieldsOf(`${url}/b`)];
  t.equal(bare["x-a"], "1");
  t.notOk("x-content-type-options" in bare);
  t.notOk("x-a" in named);
  t.equal(named["x-content-type-options"], "nosniff");
});

t.test("a config that does not fit is refused in the operator's terms", async (t) => {
  const folder = new PluginFolder(t, {});
  const config = await configOf(t);
  const text = config(using("{ plugin: security-headers, config: { nonsense: 1 } }"));
  const sluice = startSluice(t, "--config", folder.write("sluice.yaml", text));
  t.equal(await sluice.exitCode(), 78);
  t.match(sluice.stderr, /^\S+sluice\.yaml:5:\d+: Cannot use the config of security-headers: .*/);
});

t.test("what a built-in plugin refuses in setup is told without its own lines", async (t) => {
  const folder = new PluginFolder(t, {});
  const config = await configOf(t);
  const text = config(using("{ plugin: security-headers, config: { hsts: { preload: true } } }"));
  const sluice = startSluice(t, "--config", folder.write("sluice.yaml", text));
  t.equal(await sluice.exitCode(), 78);
  const [problem, ...frame] = sluice.stderr.trimEnd().split("\n");
  t.match(
    problem,
    /^\S+sluice\.yaml:5:83: Cannot use the config of security-headers: Cannot use hsts\.preload: expected .*$/,
  );
  t.ok(frame.length > 0 && frame.every((line) => /^>? +\d* \|/.test(line)), "lines of the operator's file");
});

t.test("a reload whose config a policy refuses is told at the setting, and the old one stays", async (t) => {
  const folder = new PluginFolder(t, {});
  const config = await configOf(t);
  const sluice = startSluice(t, "--config", folder.write("sluice.yaml", config(using("security-headers"))));
  const url = await sluice.url();
  const policies = `routes:
  - cluster: app
    policies:
      - security-headers
      - plugin: rate-limit
        config:
          limits:
            - limit: 5
            - { name: b, limit: 5, key: { expression: "request.path ==" } }`;
  folder.write("sluice.yaml", config(policies));
  t.match(await sluice.line("Config refused, the old one stays"), {
    problem: /sluice\.yaml:13:15: Cannot use the config of rate-limit: Cannot use limits\.1: /,
  });
  t.match(await fieldsOf(url), { "x-content-type-options": "nosniff" });
});

t.test("the last good plugins hold none that is built in: a start takes those of the program", async (t) => {
  const folder = new PluginFolder(t, { "a.ts": "export default { onRequest() {} };\n" });
  const config = await configOf(t);
  const text = config(`${using("a", "security-headers")}\nplugins: { directory: plugins, state: state }`);
  const file = folder.write("sluice.yaml", text);
  const first = startSluice(t, "--config", file);
  await first.url();
  first.signal("SIGTERM");
  await first.exitCode();
  const kept = readFileSync(join(folder.state, "last-good-plugins.json"), "utf8");
  const { plugins } = JSON.parse((JSON.parse(kept) as { content: string }).content) as {
    plugins: readonly { name: string }[];
  };
  t.same(
    plugins.map(({ name }) => name),
    ["a"],
  );

  folder.save("a.ts", "broken(");
  const second = startSluice(t, "--config", file);
  t.match(await fieldsOf(await second.url()), { "x-content-type-options": "nosniff" });
  await second.line("The last good plugins are served until those of the folder can be used");
  folder.save("a.ts", "export default { onRequest() {} };\n");
  await until(() => second.lines.some(({ msg }) => msg === "Plugins reloaded"));
  t.match(await fieldsOf(await second.url()), { "x-content-type-options": "nosniff" });
});
