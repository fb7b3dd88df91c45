import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import { until } from "../net/until.ts";
import { answering, PluginFolder } from "./plugin-folder.ts";
import { type RunningSluice, startSluice } from "./running-sluice.ts";

const configRefused = "Config refused, the old one stays";
const pluginsRefused = "Plugins refused, the old ones stay";
const broken = "export default {";

interface Parts {
  readonly path?: string;
  readonly policies?: string;
  readonly directory?: string;
  readonly settings?: string;
  readonly state?: string;
}

/** A proxy with a config file beside its folder of plugins. */
async function startBoth(t: Test, parts: Parts = {}, files = { "10-a.ts": answering("one") }) {
  const folder = new PluginFolder(t, files);
  const textOf = ({
    path = "/",
    policies = "[a]",
    directory = folder.plugins,
    settings = "{}",
    state = "",
  }: Parts) =>
    `listeners: [{ address: "127.0.0.1:0" }]
admin: { address: "127.0.0.1:0" }
accessLog: false
clusters: { app: { endpoints: ["http://127.0.0.1:1"] } }
routes: [{ name: r, path: "${path}", cluster: app, policies: ${policies} }]
plugins: { directory: ${directory}, settings: ${settings}${state} }\n`;
  const sluice = startSluice(t, "--config", folder.write("sluice.yaml", textOf(parts)));
  return {
    folder,
    sluice,
    url: await sluice.url(),
    saveConfig: (parts: Parts) => folder.write("sluice.yaml", textOf(parts)),
  };
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.text();
  return response.status;
}

async function textOf(url: string): Promise<string> {
  return (await fetch(url)).text();
}

interface PluginsPage {
  readonly lastReload: { readonly result: string; readonly problems: readonly { problem: string }[] } | null;
  readonly plugins: readonly Record<string, unknown>[];
}

async function pluginsPage(sluice: RunningSluice): Promise<PluginsPage> {
  return (await fetch(`${await sluice.adminUrl()}/plugins`)).json() as Promise<PluginsPage>;
}

t.test("a config that was refused for a broken plugin is in force once the plugin is repaired", async (t) => {
  const { folder, sluice, url, saveConfig } = await startBoth(t, { path: "/old" });
  folder.save("10-a.ts", broken);
  saveConfig({ path: "/new" });
  t.match(await sluice.line(configRefused), { problem: /10-a\.ts:1:/ });
  t.equal(await statusOf(`${url}/old`), 200);
  folder.save("10-a.ts", answering("two"));
  await sluice.line("Config reloaded");
  t.equal(await textOf(`${url}/new`), "two");
  t.equal(await statusOf(`${url}/old`), 404);
  t.match(await pluginsPage(sluice), { lastReload: { result: "applied", problems: [] } });
});

t.test("a config may come before the plugin that it names", async (t) => {
  const { folder, sluice, url, saveConfig } = await startBoth(t);
  saveConfig({ policies: "[b]" });
  await sluice.line(configRefused);
  folder.save("20-b.ts", answering("b"));
  await sluice.line("Config reloaded");
  t.equal(await textOf(url), "b");
});

t.test("plugins do not wait for a config that is refused, which is told as long as it is", async (t) => {
  const { folder, sluice, url, saveConfig } = await startBoth(t);
  const problem = /sluice\.yaml:1:\d+: /;
  folder.write("sluice.yaml", "clusters: 7\n");
  t.match(await sluice.line(configRefused), { problem });
  for (const text of ["two", "three"]) {
    const from = sluice.lines.length;
    folder.save("10-a.ts", answering(text));
    await sluice.line("Plugins reloaded", from);
    t.equal(await textOf(url), text);
    t.match(await pluginsPage(sluice), { lastReload: { result: "refused", problems: [{ problem }] } });
  }
  let from = sluice.lines.length;
  folder.save("10-a.ts", broken);
  t.match(await sluice.line(pluginsRefused, from), { problem: /10-a\.ts:1:/ });
  from = sluice.lines.length;
  folder.save("10-a.ts", answering("three"));
  await sluice.line("Plugins reloaded", from);
  t.match(await pluginsPage(sluice), { lastReload: { result: "refused", problems: [{ problem }] } });
  saveConfig({});
  await sluice.line("Config reloaded");
  t.match(await pluginsPage(sluice), { lastReload: { result: "applied", problems: [] } });
});

t.test("a config and a plugin that were refused are both put back as they were", async (t) => {
  for (const first of ["config", "plugin"] as const) {
    const { folder, sluice, url, saveConfig } = await startBoth(t);
    folder.write("sluice.yaml", "clusters: 7\n");
    folder.save("10-a.ts", broken);
    await sluice.line(configRefused);
    await sluice.line(pluginsRefused);
    const steps = [() => saveConfig({}), () => folder.save("10-a.ts", answering("one"))];
    for (const step of first === "config" ? steps : steps.toReversed()) {
      const from = sluice.lines.length;
      step();
      await until(() => sluice.lines.length > from);
    }
    await sluice.line("Config reloaded");
    await until(async () => (await pluginsPage(sluice)).lastReload?.result === "applied");
    t.equal(await textOf(url), "one", `${first} first`);
  }
});

t.test("the folder of a refused config is watched beside that of the one in force", async (t) => {
  const { folder, sluice, url, saveConfig } = await startBoth(t);
  const directory = join(folder.root, "others");
  mkdirSync(directory);
  folder.save("../others/10-a.ts", broken);
  saveConfig({ directory });
  await sluice.line(configRefused);
  let from = sluice.lines.length;
  folder.save("10-a.ts", answering("two"));
  await sluice.line("Plugins reloaded", from);
  t.equal(await textOf(url), "two");
  from = sluice.lines.length;
  folder.save("../others/10-a.ts", answering("three"));
  await sluice.line("Config reloaded", from);
  t.equal(await textOf(url), "three");
});

const counting = `import { definePlugin } from "sluice/sdk";
export default definePlugin({
  config: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] },
  onRequest(_request, { config }) { return new Response(String(config.n)); },
  discover({ n }) { return [\`127.0.0.1:\${n}\`]; },
});\n`;

t.test("a config that does not fit is told at its place, at a reload and at the start", async (t) => {
  const folder = new PluginFolder(t, { "a.ts": counting });
  const textOf = ({
    cluster = 'endpoints: ["http://127.0.0.1:1"]',
    routes = "",
    config = "config: { n: 1 }",
  }) => `admin: false
listeners: [{ address: "127.0.0.1:0" }]
clusters: { app: { ${cluster} } }
routes: [{ cluster: app${routes} }]
plugins:
  directory: ${folder.plugins}
  settings: { a: { ${config} } }\n`;
  const sluice = startSluice(t, "--config", folder.write("sluice.yaml", textOf({})));
  await sluice.line("Sluice is listening");
  const misfits = [
    { parts: { config: "config: { n: two }" }, place: "sluice.yaml:7:30" },
    { parts: { config: "config: { n: two }", routes: ", policies: [a]" }, place: "sluice.yaml:7:30" },
    { parts: { routes: ", policies: [{ plugin: a, config: { n: x } }]" }, place: "sluice.yaml:4:60" },
    {
      parts: { cluster: "discovery: { plugin: a, config: { n: x } }", routes: ", policies: []" },
      place: "sluice.yaml:3:54",
    },
    { parts: { config: "" }, place: "plugins/a.ts:3:3" },
  ];
  for (const { parts, place } of misfits) {
    const from = sluice.lines.length;
    const file = folder.write("sluice.yaml", textOf(parts));
    const problem = `${folder.root}/${place}: Cannot use the config of a: config`;
    t.match(await sluice.line(configRefused, from), { problem, frame: `> ${place.split(":")[1]} |` });
    const another = startSluice(t, "--config", file);
    t.equal(await another.exitCode(), 78);
    t.match(another.stderr, problem);
  }
});

t.test("a rollback does not bring back that a plugin was trusted", async (t) => {
  const plugin = `import { definePlugin } from "sluice/sdk";
export default definePlugin({
  config: { type: "object", properties: { isWorse: { type: "boolean" } } },
  onRequest(_request, { config }) {
    if (config.isWorse) throw new Error("worse");
    return new Response("good");
  },
});\n`;
  const { sluice, url, saveConfig } = await startBoth(
    t,
    { settings: "{ a: { trusted: true } }" },
    { "10-a.ts": plugin },
  );
  for (let i = 0; i < 20; i++) t.equal(await textOf(url), "good");
  t.match(await pluginsPage(sluice), { plugins: [{ engine: "inline" }] });
  saveConfig({ policies: "[{ plugin: a, config: { isWorse: true } }]" });
  await sluice.line("Config reloaded");
  await Promise.all(Array.from({ length: 10 }, () => statusOf(url)));
  await sluice.line("Plugins rolled back: the generation before is in force until files change");
  t.equal(await textOf(url), "good");
  t.match(await pluginsPage(sluice), { plugins: [{ engine: "isolated-vm" }] });
});

t.test("a config goes in force beside plugins that were rolled back, and these stay told", async (t) => {
  const { folder, sluice, url, saveConfig } = await startBoth(t, { path: "/old" });
  for (let i = 0; i < 20; i++) await textOf(`${url}/old`);
  folder.save("10-a.ts", answering("worse").replace("return", "throw"));
  await sluice.line("Plugins reloaded");
  await Promise.all(Array.from({ length: 10 }, () => statusOf(`${url}/old`)));
  await sluice.line("Plugins rolled back: the generation before is in force until files change");
  saveConfig({ path: "/new" });
  await sluice.line("Config reloaded");
  t.equal(await textOf(`${url}/new`), "one");
  t.match(await pluginsPage(sluice), {
    lastReload: { result: "refused", problems: [{ problem: /rolled back: plugin a had 10 faults/ }] },
  });
  folder.save("10-a.ts", answering("one"));
  await until(async () => (await pluginsPage(sluice)).lastReload?.result === "applied");
});

t.test("a start with kept plugins names the routes whose policies are those that were kept", async (t) => {
  const folder = new PluginFolder(t, { "10-a.ts": answering("one") });
  const config = (policies: string) => `listeners: [{ address: "127.0.0.1:0" }]
admin: { address: "127.0.0.1:0" }
accessLog: false
clusters: { app: { endpoints: ["http://127.0.0.1:1"] } }
routes:
  - { name: open, path: /open, cluster: app, policies: [a] }
  - { name: guarded, path: /guarded, cluster: app, policies: ${policies} }
plugins: { directory: ${folder.plugins}, state: ${folder.state} }\n`;
  const first = startSluice(t, "--config", folder.write("sluice.yaml", config("[a]")));
  await first.url();
  first.signal("SIGTERM");
  await first.exitCode();
  folder.save("20-guard.ts", broken);
  const second = startSluice(t, "--config", folder.write("sluice.yaml", config("[guard, a]")));
  await second.url();
  t.match(await second.line("Routes have the policies that older plugins had, not those of the config"), {
    level: "error",
    routes: ["guarded"],
  });
});

t.test(
  "plugins are kept at once where a reload says so, values of operators from the next start on",
  async (t) => {
    const { folder, sluice, saveConfig } = await startBoth(t);
    saveConfig({ state: `, state: ${folder.state}` });
    t.match(
      await sluice.line(
        "Values set with POST /kv go to the new plugins.state from the next start on: move operator-values.json there",
      ),
      { level: "warn", from: null, to: folder.state },
    );
    await sluice.line("Config reloaded");
    await until(() => existsSync(join(folder.state, "last-good-plugins.json")));
  },
);

t.test(
  "a config that git changes waits for the plugins that git moves: none is missing in between",
  async (t) => {
    const folder = new PluginFolder(t, {
      "10-auth.ts": answering("guarded"),
      "50-log.ts": answering("open"),
    });
    const git = (...args: string[]) => execFileSync("git", ["-C", folder.root, ...args], { stdio: "ignore" });
    // Git writes them in the order of their names: the config, what takes long, the plugins.
    const commit = (version: number) => {
      folder.write("model.bin", String(version));
      folder.write(
        "config.yaml",
        `listeners: [{ address: "127.0.0.1:0" }]
admin: false
accessLog: false
clusters: { app: { endpoints: ["http://127.0.0.1:${version}"] } }
plugins: { directory: ${folder.plugins} }\n`,
      );
      git("add", "-A");
      git("commit", "-m", "text");
    };
    git("init", "-b", "main");
    const settings = {
      "user.email": "test@localhost",
      "user.name": "test",
      "filter.slow.clean": "cat",
      "filter.slow.smudge": "sleep 1; cat",
    };
    for (const [name, value] of Object.entries(settings)) git("config", name, value);
    folder.write(".gitattributes", "*.bin filter=slow\n");
    commit(1);
    git("checkout", "-b", "next");
    renameSync(join(folder.plugins, "10-auth.ts"), join(folder.plugins, "20-auth.ts"));
    commit(2);
    git("checkout", "main");

    const sluice = startSluice(t, "--config", join(folder.root, "config.yaml"));
    const url = await sluice.url();
    t.equal(await textOf(url), "guarded");
    // Watching begins after the start.
    await sleep(500);
    const checkout = spawn("git", ["-C", folder.root, "checkout", "next"], { stdio: "ignore" });
    const answers = new Set<string>();
    const asking = setInterval(async () => answers.add(await textOf(url)), 20);
    t.teardown(() => clearInterval(asking));
    await sluice.line("Config reloaded");
    t.equal(checkout.exitCode, 0, "git has ended before");
    t.equal(await textOf(url), "guarded");
    t.same([...answers], ["guarded"]);
  },
);
