/** Plugins as they lie in real projects, under the command that is printed. */
import { existsSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import { until } from "../net/until.ts";
import { freePort } from "../support/free-port.ts";
import type { Program } from "../support/program.ts";
import { answering, folder, get, plan, start } from "./planned-deno.ts";

t.setTimeout(120_000);

/** Sluice with the plugins of a folder that lies beside that of the config. */
async function sluiceIn(
  cwd: string,
  plugins: string,
  more = "",
): Promise<{ sluice: Program; port: number; command: string }> {
  const port = await freePort();
  const text = `listeners: [{ address: "127.0.0.1:${port}" }]
clusters: { app: { endpoints: ["http://127.0.0.1:9"] } }
plugins: { directory: ${plugins}${more} }
admin: false
`;
  mkdirSync(join(cwd, "conf"), { recursive: true });
  writeFileSync(join(cwd, "conf/sluice.yaml"), text);
  const command = await plan(cwd, "--config", "conf/sluice.yaml");
  return { sluice: start(cwd, command), port, command };
}

const importing = (what: string) =>
  `import text from "${what}";\nexport default { onRequest() { return new Response(text); } };\n`;

/** What a save changes is served, however the plugin's files are reached. */
const layouts: readonly {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly directory?: string;
  readonly save: (cwd: string) => void;
}[] = [
  {
    name: "a module in a folder beside that of the plugins",
    files: { "plugins/a.ts": importing("../shared/text.ts"), "shared/text.ts": `export default "one";\n` },
    save: (cwd) => writeFileSync(join(cwd, "shared/text.ts"), `export default "two";\n`),
  },
  {
    name: "a package in node_modules above the folder",
    files: {
      "plugins/a.ts": importing("words"),
      "node_modules/words/package.json": `{ "name": "words", "main": "index.js" }`,
      "node_modules/words/index.js": `module.exports = "one";\n`,
    },
    save: (cwd) => writeFileSync(join(cwd, "plugins/a.ts"), answering("two")),
  },
  {
    name: "a plugin that is a link to a file elsewhere",
    files: { "real/a.ts": answering("one") },
    links: { "plugins/a.ts": "../real/a.ts" },
    save: (cwd) => writeFileSync(join(cwd, "real/a.ts"), answering("two")),
  },
  {
    name: "a folder that is a link, which a deployment swaps",
    files: { "releases/1/a.ts": answering("one"), "releases/2/a.ts": answering("two") },
    links: { current: "releases/1" },
    directory: "current",
    save: (cwd) => swap(cwd, "releases/2"),
  },
  {
    name: "a folder below a link, which a deployment swaps",
    files: { "releases/1/own/a.ts": answering("one"), "releases/2/own/a.ts": answering("two") },
    links: { current: "releases/1" },
    directory: "current/own",
    save: (cwd) => swap(cwd, "releases/2"),
  },
  {
    name: "a mount of Kubernetes",
    files: { "mount/..1/a.ts": answering("one"), "mount/..2/a.ts": answering("two") },
    links: { "mount/..data": "..1", "mount/a.ts": "..data/a.ts" },
    directory: "mount",
    save: (cwd) => {
      symlinkSync("..2", join(cwd, "mount/..next"));
      renameSync(join(cwd, "mount/..next"), join(cwd, "mount/..data"));
    },
  },
];

function swap(cwd: string, target: string): void {
  symlinkSync(target, join(cwd, "next"));
  renameSync(join(cwd, "next"), join(cwd, "current"));
}

for (const { name, files, links = {}, directory = "plugins", save } of layouts) {
  t.test(`plugins are served and reloaded: ${name}`, async (t) => {
    const cwd = folder(t, files);
    for (const [link, target] of Object.entries(links)) symlinkSync(target, join(cwd, link));
    const { sluice, port } = await sluiceIn(cwd, `../${directory}`);
    await using _ = sluice;
    await sluice.said(/listening/);
    t.equal(await get(port), "one");
    // Times of files are in whole seconds there.
    await delay(1100);
    save(cwd);
    await until(async () => (await get(port)) === "two");
    t.notMatch(sluice.output, /NotCapable|Cannot watch|undefined/);
  });
}

t.test("a module that may not be read is named, with the option that gives it", async (t) => {
  const cwd = folder(t, {
    "plugins/a.ts": importing("../shared/text.ts"),
    "shared/text.ts": `export default "one";\n`,
  });
  const { sluice, command } = await sluiceIn(cwd, "../plugins");
  await using _ = sluice;
  await sluice.said(/listening/);
  const less = command.replace(`,${join(cwd, "shared")}`, "");
  t.not(less, command);
  await using refused = start(cwd, less);
  t.equal(await refused.ended, 78);
  t.match(refused.output, `no permission (start with --allow-read=${join(cwd, "shared/text.ts")})`);
});

t.test(
  "what cannot be compiled where the command is planned is told, and the command is printed",
  async (t) => {
    const cwd = folder(t, { "plugins/a.ts": "export default {" });
    const { sluice, command } = await sluiceIn(cwd, "../plugins");
    await using _ = sluice;
    t.match(command, /plugins\/a\.ts:1:17: .*\n[\s\S]*\ndeno run /);
  },
);

t.test("a folder of plugins that is away for a moment is watched again", async (t) => {
  const cwd = folder(t, { "own/a.ts": answering("one") });
  const { sluice, port } = await sluiceIn(cwd, "../own");
  await using _ = sluice;
  await sluice.said(/listening/);
  renameSync(join(cwd, "own"), join(cwd, "gone"));
  await sluice.said(/cannot read the folder of plugins/);
  await delay(1100);
  renameSync(join(cwd, "gone"), join(cwd, "own"));
  await delay(2000);
  writeFileSync(join(cwd, "own/a.ts"), answering("two"));
  await until(async () => (await get(port)) === "two");
  t.equal(await get(port), "two");
});

const wedge = `export default {
  onRequest({ url }) {
    if (url.endsWith("/wedge")) for (;;);
    return new Response("one");
  },
};
`;

async function ended(port: number): Promise<number> {
  const before = performance.now();
  await get(port, "/wedge").catch(() => {});
  const took = performance.now() - before;
  await until(() =>
    get(port).then(
      () => true,
      () => false,
    ),
  );
  return took;
}

t.test("a plugin that ends the process is found out, and taken out of service", async (t) => {
  const cwd = folder(t, { "own/wedge.ts": wedge });
  const { sluice, port } = await sluiceIn(cwd, "../own", ", settings: { wedge: { engine: inline } }");
  await using _ = sluice;
  await sluice.said(/listening/);
  for (let times = 0; times < 3; times++) await ended(port);
  t.match(sluice.output, /"plugin":"wedge"[^\n]*Data process ended/);
  t.match(sluice.output, /"plugin":"wedge"[^\n]*Plugin quarantined/);
});

t.test("it is said when nobody can be told to have ended the process", async (t) => {
  const cwd = folder(t, { "own/wedge.ts": wedge });
  const { sluice, command } = await sluiceIn(cwd, "../own");
  await using _ = sluice;
  await sluice.said(/listening/);
  t.notMatch(sluice.output, /No file/);
  const less = command.replace(/ --allow-write=\S+/, "");
  t.not(less, command);
  sluice.kill("SIGTERM");
  await sluice.ended;
  await using untold = start(cwd, less);
  await untold.said(/"level":"warn"[^\n]*--allow-write of/);
  t.match(untold.output, /listening/);
});

t.test("a state folder is read again at the second start", async (t) => {
  const cwd = folder(t, { "own/a.ts": answering("one") });
  const { sluice, port, command } = await sluiceIn(cwd, "../own", ", state: ../state");
  await using _ = sluice;
  await sluice.said(/listening/);
  writeFileSync(join(cwd, "own/a.ts"), answering("two"));
  await until(async () => (await get(port)) === "two");
  await until(() => existsSync(join(cwd, "state")) && readdirSync(join(cwd, "state")).length > 0);
  sluice.kill("SIGTERM");
  t.equal(await sluice.ended, 0);
  await using again = start(cwd, command);
  await again.said(/listening/);
  t.equal(await get(port), "two");
  t.notMatch(again.output, /"level":"(warn|error)"/);
});
