// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to files in a config file
/** A rollback may be provoked by clients: what the operator says of built-in policies is not taken back by it. */
import t, { type Test } from "tap";
import { PluginFolder } from "./plugin-folder.ts";
import { startSluice } from "./running-sluice.ts";

const rolledBack = "Plugins rolled back: the generation before is in force until files change";
const routesDiffer = "Routes have the policies that older plugins had, not those of the config";

/** Fails for what a client sends, or always. */
function parser(version: number): string {
  return `import { definePlugin } from "sluice/sdk";
export default definePlugin({
  config: { type: "object", properties: { fails: { type: "boolean" }, note: { type: "string" } } },
  onRequest(request, { config }) {
    if (config.fails || request.headers.has("x-bad")) throw new Error("${version}");
    return new Response("${version}");
  },
});\n`;
}

interface Parts {
  readonly parse?: string;
  readonly admin?: string;
  readonly settings?: string;
  readonly note?: string;
  readonly workers?: number;
}

const noted = '[{ plugin: parse, config: { note: "x ${file:note.token}" } }]';
const lock = "{ plugin: access, config: { deny: [{ addresses: [127.0.0.0/8] }] } }";

async function start(t: Test, parts: Parts = {}) {
  const folder = new PluginFolder(t, { "10-parse.ts": parser(1) });
  const textOf = ({ parse = "[parse]", admin = "[parse]", settings = "{}", workers = 1 }: Parts) =>
    `listeners: [{ address: "127.0.0.1:0" }]
admin: { address: "127.0.0.1:0" }
accessLog: false
workers: ${workers}
clusters: { app: { endpoints: ["http://127.0.0.1:1"] } }
routes:
  - { name: open, path: /, cluster: app, policies: ${parse} }
  - { name: admin, path: /admin, cluster: app, policies: ${admin} }
plugins: { directory: ${folder.plugins}, settings: ${settings} }\n`;
  folder.write("note.token", "first-secret");
  const sluice = startSluice(t, "--config", folder.write("sluice.yaml", textOf(parts)));
  const url = await sluice.url();
  const ask = async (path: string, times = 1, headers: Record<string, string> = {}) => {
    const answers = await Promise.all(
      Array.from({ length: times }, () => fetch(`${url}${path}`, { headers })),
    );
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    return { status: answers[0]!.status, text: texts[0]! };
  };
  await ask("/", 20);
  const change = async (doing: () => unknown, message: string) => {
    const from = sluice.lines.length;
    doing();
    return sluice.line(message, from);
  };
  return {
    sluice,
    folder,
    ask,
    bad: () => ask("/", 10, { "x-bad": "1" }),
    saveConfig: (parts: Parts, message = "Config reloaded") =>
      change(() => folder.write("sluice.yaml", textOf(parts)), message),
    savePlugin: (text: string, message = "Plugins reloaded") =>
      change(() => folder.save("10-parse.ts", text), message),
    hangUp: (message: string) => change(() => sluice.signal("SIGHUP"), message),
    isOnProbation: async () => {
      const page = await (await fetch(`${await sluice.adminUrl()}/plugins`)).json();
      return (page as { generation: { onProbation: boolean } }).generation.onProbation;
    },
  };
}

t.test("a config of built-in policies alone is on no probation", async (t) => {
  for (const locked of [
    { admin: `[${lock}, parse]` },
    {
      admin: "[access, parse]",
      settings: "{ access: { config: { deny: [{ addresses: [127.0.0.0/8] }] } } }",
    },
  ]) {
    const { ask, bad, saveConfig, isOnProbation } = await start(t);
    await saveConfig(locked);
    t.notOk(await isOnProbation());
    await bad();
    t.equal((await ask("/admin")).status, 403);
  }
});

t.test("a lock stays where plugins are rolled back, whenever it came", async (t) => {
  const { sluice, ask, bad, saveConfig, savePlugin, hangUp } = await start(t);
  await savePlugin(parser(2));
  const locked = { admin: `[${lock}, parse]` };
  await saveConfig(locked);
  await bad();
  await sluice.line(rolledBack);
  t.equal((await ask("/")).text, "1");
  t.equal((await ask("/admin")).status, 403);
  await hangUp("Config reloaded");
  t.equal((await ask("/admin")).status, 403);
  await saveConfig({ ...locked, workers: 2 });
  t.equal((await ask("/admin")).status, 403);
  t.equal((await ask("/")).text, "1");
  await saveConfig({ admin: "[parse]", workers: 2 });
  t.equal((await ask("/admin")).text, "2", "with another config they are tried again");
});

t.test("what a config says of the plugins that fail is taken back, and told", async (t) => {
  const { sluice, ask, saveConfig } = await start(t);
  const failing = "[{ plugin: parse, config: { fails: true } }]";
  await saveConfig({ parse: failing, admin: `[${lock}, { plugin: parse, config: { fails: true } }]` });
  await ask("/", 10);
  t.match(await sluice.line(routesDiffer), { level: "error", routes: ["open"] });
  await sluice.line(rolledBack);
  t.equal((await ask("/")).text, "1");
  t.equal((await ask("/admin")).status, 403, "a route with other built-in policies keeps all of them");
});

t.test("a plugin that fails on a route with few requests is taken back", async (t) => {
  const { sluice, ask, bad, savePlugin } = await start(t, { admin: "[]" });
  await savePlugin(parser(2));
  await ask("/admin", 200);
  await bad();
  t.match(await sluice.line(rolledBack), {
    problem: "plugin parse had 10 faults in 10 requests, before it 0 in 20",
  });
  t.equal((await ask("/")).text, "1");
});

t.test(
  "Attack: secrets stay hidden on /config when plugins were rolled back, also those that were in force before",
  async (t) => {
    const { sluice, ask, bad, folder, saveConfig, savePlugin } = await start(t, { parse: noted });
    await bad();
    await ask("/", 200);
    const shown = async () => await (await fetch(`${await sluice.adminUrl()}/config`)).text();
    t.match(await shown(), /"note": "x \*\*\*"/);
    folder.write("note.token", "second-secret");
    await saveConfig({ parse: noted.replace("x $", "y $") });
    await savePlugin(parser(2));
    await bad();
    await sluice.line(rolledBack);
    const page = await shown();
    t.match(page, /"note": "[xy] \*\*\*"/);
    t.notMatch(page, /(first|second)-secret/);
  },
);

/** Routes without names; `first` comes before them. */
function unnamedRoutes({ plugins, state }: PluginFolder, first = ""): string {
  return `listeners: [{ address: "127.0.0.1:0" }]
accessLog: false
routes:${first}
  - { path: /admin, respond: { status: 200, body: inside }, policies: [guard] }
  - { path: /public, respond: { status: 200, body: public }, policies: [parse] }
plugins: { directory: ${plugins}, state: ${state} }\n`;
}

const guard = `import { definePlugin } from "sluice/sdk";
export default definePlugin({ onRequest: () => new Response("guarded", { status: 403 }) });\n`;

const shop = (policy: string) => `
  - { path: /shop, respond: { status: 200, body: shop }, policies: [${policy}] }`;

/** Path by path, status and text. */
async function answers(url: string, ...paths: string[]): Promise<string[]> {
  const all = await Promise.all(paths.map((path) => fetch(`${url}${path}`)));
  return Promise.all(all.map(async (answer) => `${answer.status} ${await answer.text()}`));
}

t.test("Attack: a rollback does not open a guarded route where a route before it is new", async (t) => {
  const folder = new PluginFolder(t, { "guard.ts": guard, "parse.ts": parser(1) });
  const sluice = startSluice(t, "--config", folder.write("sluice.yaml", unnamedRoutes(folder)));
  const url = await sluice.url();
  t.same(await answers(url, "/admin", "/public"), ["403 guarded", "200 1"]);
  folder.save("parse.ts", parser(2));
  await sluice.line("Plugins reloaded");
  folder.write("sluice.yaml", unnamedRoutes(folder, shop("parse")));
  await sluice.line("Config reloaded");
  t.same(await answers(url, "/admin", "/public", "/shop"), ["403 guarded", "200 2", "200 2"]);
  await Promise.all(Array.from({ length: 10 }, () => fetch(`${url}/public`, { headers: { "x-bad": "1" } })));
  await sluice.line(rolledBack);
  t.same(await answers(url, "/admin", "/public", "/shop"), ["403 guarded", "200 1", "200 1"]);
});

t.test("Attack: a start from the state does not open a guarded route either", async (t) => {
  const folder = new PluginFolder(t, { "guard.ts": guard, "parse.ts": parser(1) });
  const flags = ["--config", folder.write("sluice.yaml", unnamedRoutes(folder))];
  const first = startSluice(t, ...flags);
  await first.url();
  first.signal("SIGTERM");
  await first.exitCode();

  folder.save("zz.ts", "broken(");
  folder.write("sluice.yaml", unnamedRoutes(folder, shop("parse")));
  const second = startSluice(t, ...flags);
  t.same(await answers(await second.url(), "/admin", "/public", "/shop"), ["403 guarded", "200 1", "200 1"]);
  second.signal("SIGTERM");
  await second.exitCode();

  folder.write("sluice.yaml", unnamedRoutes(folder, shop("zz")));
  const third = startSluice(t, ...flags);
  t.equal(await third.exitCode(), 78, "a route is not served without a plugin that was not kept");
});
