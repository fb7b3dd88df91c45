import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import { until } from "../net/until.ts";
import { answering, PluginFolder } from "./plugin-folder.ts";
import { type RunningSluice, startSluice } from "./running-sluice.ts";
import { startService } from "./service.ts";

const anyPort = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--no-access-log"];
const refused = "Plugins refused, the old ones stay";

async function textOf(url: string): Promise<string> {
  return (await fetch(url)).text();
}

interface PluginsPage {
  readonly generation: { readonly number: number; readonly source: string; readonly onProbation: boolean };
  readonly lastReload: { readonly result: string; readonly problems: readonly { problem: string }[] } | null;
  readonly plugins: readonly Record<string, unknown>[];
}

async function pluginsPage(sluice: RunningSluice): Promise<PluginsPage> {
  return (await fetch(`${await sluice.adminUrl()}/plugins`)).json() as Promise<PluginsPage>;
}

function start(t: Test, folder: PluginFolder, ...more: string[]): RunningSluice {
  const flags = ["--upstream", "http://127.0.0.1:1", "--plugins", folder.plugins];
  return startSluice(t, ...flags, ...anyPort, ...more);
}

/** Saves a plugin and returns the line that says what became of it. */
async function savePlugin(
  sluice: RunningSluice,
  folder: PluginFolder,
  text: string,
  expected: string,
  name = "10-a.ts",
) {
  const from = sluice.lines.length;
  folder.save(name, text);
  return sluice.line(expected, from);
}

t.test("attack: no file of the host comes out through what a plugin imports or names", async (t) => {
  const folder = new PluginFolder(t, { "10-a.ts": answering("one") });
  const key = folder.write("key.json", '{ "key": "of the host" }');
  const sluice = start(t, folder, "--state", folder.state);
  const url = await sluice.url();
  for (const name of ["../key.json?.ts", `${key}#.ts`]) {
    const text = `import key from "${name}";\n${answering("x").replace('"x"', "JSON.stringify(key)")}`;
    await savePlugin(sluice, folder, text, refused);
    t.equal(await textOf(url), "one", name);
  }
  const map = { version: 3, sources: [key], names: [], mappings: "AAAA;AAAA;AAAA;AAAA" };
  const comment = `//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString("base64")}`;
  const throwing = answering("x").replace("return", 'throw new Error("mine");');
  await savePlugin(sluice, folder, throwing + comment, "Plugins reloaded");
  t.equal((await fetch(url)).status, 500);
  t.match(await sluice.line("Policy failed"), { at: /10-a\.ts:3:/ });
  for (const name of readdirSync(folder.state))
    t.notMatch(readFileSync(join(folder.state, name), "utf8"), "of the host", name);
  t.notMatch(sluice.stderr + JSON.stringify(sluice.lines), "of the host");
});

t.test("a plugin is in force when it is saved, and one that is broken changes nothing", async (t) => {
  const folder = new PluginFolder(t, { "10-a.ts": answering("one") });
  const sluice = start(t, folder);
  const url = await sluice.url();
  t.equal(await textOf(url), "one");

  await savePlugin(sluice, folder, answering("two"), "Plugins reloaded");
  t.equal(await textOf(url), "two");

  const broken: readonly [why: string, text: string, problem: RegExp, framed: RegExp][] = [
    ["syntax", answering("x", "\n  setup( {"), /10-a\.ts:4:12: Expected ":"/, /> 4 \| +onRequest/],
    [
      "type of the export",
      "export default 5;\n",
      /10-a\.ts:1:1: .*found a default export that is a number/,
      /> 1/,
    ],
    ["no export", "export const a = 1;\n", /10-a\.ts:1:1: .*found no default export/, /> 1/],
    ["top level", `throw new TypeError("top");\n`, /10-a\.ts:1:7: TypeError in its top level: top/, /> 1/],
    [
      "throw in setup",
      answering("x", `\n  setup() { throw new Error("no key"); },`),
      /10-a\.ts:3:19: Error in setup: no key/,
      /> 3 \|/,
    ],
    [
      "config",
      answering(
        "x",
        `\n  config: { type: "object", required: ["key"], properties: { key: { type: "string" } } },`,
      ),
      /10-a\.ts:3:3: Cannot use the config of a: .*key/,
      /> 3 \| +config/,
    ],
    [
      "grants",
      answering("x", "\n  capabilities: { kv: true },"),
      /10-a\.ts:3:3: .*asks for kv, which is not granted/,
      /> 3 \| +capabilities/,
    ],
    ["import", `import "./gone";\n${answering("x")}`, /10-a\.ts:1:8: cannot find "\.\/gone"/, /> 1/],
  ];
  for (const [why, text, problem, framed] of broken) {
    const line = await savePlugin(sluice, folder, text, refused);
    t.match(line, { problem, frame: framed }, why);
    t.equal(await textOf(url), "two", `${why}: the old one stays`);
  }
  t.match(await pluginsPage(sluice), {
    generation: { number: 2, source: "files" },
    lastReload: { result: "refused", problems: [{ problem: /cannot find/ }] },
    plugins: [{ name: "a", state: "ready", phases: ["onRequest"], engine: "isolated-vm" }],
  });
  const metrics = await textOf(`${await sluice.adminUrl()}/metrics`);
  t.match(metrics, 'sluice_reloads_total{result="applied"} 1\n');
  t.match(metrics, `sluice_reloads_total{result="refused"} ${broken.length}\n`);
  t.match(metrics, 'sluice_plugins{state="ready"} 1\n');

  await savePlugin(sluice, folder, answering("two"), "Plugins reloaded");
  t.match(
    await pluginsPage(sluice),
    { generation: { number: 2 }, lastReload: { result: "applied", problems: [] } },
    "put right as it was, it is said so, and nothing is made anew",
  );

  await savePlugin(sluice, folder, answering("three"), "Plugins reloaded");
  t.equal(await textOf(url), "three", "and a right one is taken again");
});

t.test("a setup that does not end is refused after its time", async (t) => {
  const folder = new PluginFolder(t, { "10-a.ts": answering("one") });
  const sluice = start(t, folder);
  const url = await sluice.url();
  const line = await savePlugin(
    sluice,
    folder,
    answering("x", "\n  setup() { return new Promise(() => {}); },"),
    refused,
  );
  t.match(line, {
    problem: /10-a\.ts:3:3: Cannot set up the plugin: No end after 5000 ms/,
    frame: /> 3 \| +setup/,
  });
  t.equal(await textOf(url), "one");
});

t.test("plugins may be added, renamed and removed, and modules that they import change", async (t) => {
  const importing = `import { text } from "./_text.ts";\nimport { definePlugin } from "sluice/sdk";
export default definePlugin({ onRequest: () => new Response(text) });\n`;
  const folder = new PluginFolder(t, { "_text.ts": `export const text = "one";\n`, "20-a.ts": importing });
  const sluice = start(t, folder);
  const url = await sluice.url();
  t.equal(await textOf(url), "one");
  await savePlugin(sluice, folder, `export const text = "two";\n`, "Plugins reloaded", "_text.ts");
  t.equal(await textOf(url), "two");
  await savePlugin(sluice, folder, answering("first"), "Plugins reloaded", "10-b.ts");
  t.equal(await textOf(url), "first");
  let from = sluice.lines.length;
  renameSync(join(folder.plugins, "10-b.ts"), join(folder.plugins, "30-b.ts"));
  await sluice.line("Plugins reloaded", from);
  t.equal(await textOf(url), "two", "a is before b now");
  t.match((await pluginsPage(sluice)).plugins, [{ name: "a" }, { name: "b" }]);
  from = sluice.lines.length;
  renameSync(join(folder.plugins, "20-a.ts"), join(folder.plugins, "40-a.ts"));
  await sluice.line("Plugins reloaded", from);
  t.equal(await textOf(url), "first", "and behind it again");
  from = sluice.lines.length;
  rmSync(join(folder.plugins, "30-b.ts"));
  await sluice.line("Plugins reloaded", from);
  t.equal(await textOf(url), "two");
});

t.test("all problems of all plugins are told at once", async (t) => {
  const folder = new PluginFolder(t, { "10-a.ts": "let = ;", "20-b.ts": `import "node:fs";` });
  const sluice = start(t, folder);
  t.equal(await sluice.exitCode(), 78);
  t.match(sluice.stderr, /10-a\.ts:1:\d+: .*\n> 1 \| let = ;/);
  t.match(sluice.stderr, /20-b\.ts:1:8: node:fs is a module of Node/);
});

t.test(
  "with a state, a start with a broken plugin serves the last good one until it is put right",
  async (t) => {
    const folder = new PluginFolder(t, { "10-a.ts": answering("good") });
    const file = join(folder.state, "last-good-plugins.json");
    const flags = ["--state", folder.state];
    const first = start(t, folder, ...flags);
    t.equal(await textOf(await first.url()), "good");
    first.signal("SIGTERM");
    await first.exitCode();
    t.equal(statSync(file).mode & 0o777, 0o600, "code that will be run is for its owner alone");

    folder.save("10-a.ts", "broken(");
    const second = start(t, folder, ...flags);
    const url = await second.url();
    t.equal(await textOf(url), "good");
    t.match(await second.line("Plugins refused"), { problem: /10-a\.ts:/, frame: /broken\(/ });
    t.match(await second.line("The last good plugins are served until those of the folder can be used"), {
      plugins: ["a"],
    });
    t.match(await pluginsPage(second), {
      generation: { source: "state" },
      lastReload: { result: "refused" },
    });
    await savePlugin(second, folder, answering("fixed"), "Plugins reloaded");
    t.equal(await textOf(url), "fixed");
    t.match(await pluginsPage(second), { generation: { source: "files" } });
    second.signal("SIGTERM");
    await second.exitCode();

    const kept = readFileSync(file, "utf8");
    folder.save("10-a.ts", "broken(");
    for (const [why, damage] of [
      ["it is damaged", () => writeFileSync(file, kept.replace("fixed", "f1xed"))],
      ["it is damaged", () => writeFileSync(file, kept.slice(0, 100))],
      ["others may write it", () => chmodSync(file, 0o622)],
      [
        "expected the plugins of",
        () => writeFileSync(file, kept.replaceAll(JSON.stringify(folder.plugins), '"/elsewhere"')),
      ],
      [
        "expected the format",
        () => writeFileSync(file, kept.replace("sluice-plugins-1", "sluice-plugins-0")),
      ],
    ] as const) {
      writeFileSync(file, kept);
      chmodSync(file, 0o600);
      damage();
      const sluice = start(t, folder, ...flags);
      t.equal(await sluice.exitCode(), 78, `${why}: nothing is served`);
      t.match(await sluice.line("The last good plugins cannot be used"), { err: { message: why } });
    }
    t.ok(existsSync(file), "what cannot be used is left for a person to look at");
  },
);

t.test("new plugins that do worse are taken back, and not tried again until they change", async (t) => {
  const worse = `import { definePlugin } from "sluice/sdk";
export default definePlugin({ onRequest() { throw new Error("worse"); } });\n`;
  const folder = new PluginFolder(t, { "10-a.ts": answering("good") });
  const sluice = start(t, folder, "--state", folder.state);
  const url = await sluice.url();
  for (let i = 0; i < 20; i++) await textOf(url);
  await savePlugin(sluice, folder, worse, "Plugins reloaded");
  t.match(await pluginsPage(sluice), { generation: { number: 2, onProbation: true } });
  const statuses = await Promise.all(Array.from({ length: 10 }, async () => (await fetch(url)).status));
  t.same(new Set(statuses), new Set([500]));
  t.match(await sluice.line("Plugins rolled back: the generation before is in force until files change"), {
    problem: /10 faults in 10 requests, before it 0 in 20/,
  });
  t.equal(await textOf(url), "good");
  t.match(await pluginsPage(sluice), { generation: { number: 1 }, lastReload: { result: "rolled_back" } });
  t.match(
    await textOf(`${await sluice.adminUrl()}/metrics`),
    'sluice_reloads_total{result="rolled_back"} 1\n',
  );
  const kept = () => readFileSync(join(folder.state, "last-good-plugins.json"), "utf8");
  await until(() => !kept().includes("worse"));

  folder.save("10-a.ts", worse);
  await sleep(500);
  t.equal(await textOf(url), "good", "the same text is not tried again");
  await savePlugin(sluice, folder, answering("better"), "Plugins reloaded");
  t.equal(await textOf(url), "better");
});

t.test("a reload of plugins leaves listeners and connections to the service as they are", async (t) => {
  const service = await startService(t);
  const passing = (value: string) => `import { definePlugin } from "sluice/sdk";
export default definePlugin({ onResponse(response) { response.headers.set("x-version", "${value}"); } });\n`;
  const folder = new PluginFolder(t, { "10-a.ts": passing("1") });
  const sluice = startSluice(t, "--upstream", service.url, "--plugins", folder.plugins, ...anyPort);
  const url = await sluice.url();
  const ask = async () => {
    const response = await fetch(url);
    await response.text();
    return response.headers.get("x-version");
  };
  t.equal(await ask(), "1");
  const attempts = async () =>
    /sluice_upstream_connections\{[^}]*state="idle"\} (\d+)/.exec(
      await textOf(`${await sluice.adminUrl()}/metrics`),
    )?.[1];
  t.equal(await attempts(), "1");
  await savePlugin(sluice, folder, passing("2"), "Plugins reloaded");
  t.equal(await attempts(), "1", "the idle connection survived");
  t.equal(await ask(), "2");
});

t.test("a config that brings the first plugins is refused, with what to do", async (t) => {
  const folder = new PluginFolder(t, { "10-a.ts": answering("one") });
  const text = (more: string) => `listeners: [{ address: "127.0.0.1:0" }]
admin: { address: "127.0.0.1:0" }
clusters: { app: { endpoints: ["http://127.0.0.1:1"] } }
${more}\n`;
  const file = folder.write("sluice.yaml", text(""));
  const sluice = startSluice(t, "--config", file);
  await sluice.url();
  folder.write("sluice.yaml", text(`plugins: { directory: ${folder.plugins} }`));
  t.match(await sluice.line("Config refused, the old one stays"), { problem: /start Sluice again/ });
});

t.test("Kubernetes swaps a mounted ConfigMap under the proxy", async (t) => {
  const folder = new PluginFolder(t, {});
  const mount = (version: number) => {
    const name = `..${version}`;
    mkdirSync(join(folder.plugins, name));
    writeFileSync(join(folder.plugins, name, "a.ts"), answering(`version ${version}`));
    symlinkSync(name, join(folder.plugins, "..data_tmp"));
    renameSync(join(folder.plugins, "..data_tmp"), join(folder.plugins, "..data"));
    rmSync(join(folder.plugins, `..${version - 1}`), { recursive: true, force: true });
  };
  mount(1);
  symlinkSync("..data/a.ts", join(folder.plugins, "a.ts"));
  const sluice = start(t, folder);
  const url = await sluice.url();
  t.equal(await textOf(url), "version 1");
  const from = sluice.lines.length;
  mount(2);
  await sluice.line("Plugins reloaded", from);
  t.equal(await textOf(url), "version 2");
});

t.test(
  "a folder that becomes a loop of links ends nothing: the old plugins stay until it is back",
  async (t) => {
    const folder = new PluginFolder(t, { "10-a.ts": answering("one") });
    const sluice = start(t, folder);
    const url = await sluice.url();
    const away = join(folder.root, "away");
    renameSync(folder.plugins, away);
    symlinkSync("plugins", folder.plugins);
    t.match(await sluice.line(refused), { problem: /cannot read the folder of plugins: ELOOP/ });
    t.equal(await textOf(url), "one");
    rmSync(folder.plugins);
    renameSync(away, folder.plugins);
    await savePlugin(sluice, folder, answering("two"), "Plugins reloaded");
    t.equal(await textOf(url), "two");
  },
);

t.test("every reactor goes over to the new plugins, and each one's faults count", async (t) => {
  const folder = new PluginFolder(t, { "10-a.ts": answering("one") });
  const sluice = start(t, folder, "--workers", "2");
  const url = await sluice.url();
  const answers = async () =>
    new Set(
      await Promise.all(
        Array.from({ length: 30 }, async () =>
          (await fetch(url, { headers: { connection: "close" } })).text(),
        ),
      ),
    );
  t.same(await answers(), new Set(["one"]));
  await savePlugin(sluice, folder, answering("x", `\n  setup() { throw new Error("no"); },`), refused);
  t.same(await answers(), new Set(["one"]));
  await savePlugin(sluice, folder, answering("two"), "Plugins reloaded");
  t.same(await answers(), new Set(["two"]));
  t.equal((await pluginsPage(sluice)).plugins.length, 1, "one entry for both");
});

t.test("SIGHUP reloads plugins where there is no config file", async (t) => {
  const folder = new PluginFolder(t, { "10-a.ts": answering("one") });
  const sluice = start(t, folder);
  const url = await sluice.url();
  folder.save("10-a.ts", answering("two"));
  sluice.signal("SIGHUP");
  await until(async () => (await textOf(url)) === "two");
  await sluice.line("Plugins reloaded");
  t.notOk(sluice.lines.some(({ msg }) => msg === "Config reloaded"));
});

t.test("SIGHUP brings what a restart would: what imports find may be other files now", async (t) => {
  const folder = new PluginFolder(t, {
    "10-a.ts": `import x from "x"; import y from "#y"; import z from "./_z";\n${answering("").replace('""', "x + y + z")}`,
    "package.json": '{ "imports": { "#y": "./_y1.ts" } }',
    "_y1.ts": 'export default "1";',
    "_y2.ts": 'export default "2";',
    "_z.js": 'export default "1";',
  });
  for (const version of ["1", "2"]) {
    mkdirSync(join(folder.root, `node_modules/.store/x@${version}`), { recursive: true });
    folder.write(`node_modules/.store/x@${version}/index.js`, `export default "${version}";`);
  }
  const linked = join(folder.root, "node_modules/x");
  symlinkSync(".store/x@1", linked);
  const configFile = folder.write(
    "sluice.yaml",
    `listeners: [{ address: "127.0.0.1:0" }]
admin: { address: "127.0.0.1:0" }
clusters: { app: { endpoints: ["http://127.0.0.1:1"] } }
plugins: { directory: ${folder.plugins} }\n`,
  );
  const both = [start(t, folder), startSluice(t, "--config", configFile)];
  for (const sluice of both) t.equal(await textOf(await sluice.url()), "111");
  rmSync(linked);
  symlinkSync(".store/x@2", linked);
  folder.save("package.json", '{ "imports": { "#y": "./_y2.ts" } }');
  folder.save("_z.ts", 'export default "2";');
  for (const sluice of both) {
    sluice.signal("SIGHUP");
    await until(async () => (await textOf(await sluice.url())) === "222");
  }
});
