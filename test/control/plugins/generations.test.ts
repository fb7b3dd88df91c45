import { join } from "node:path";
import t, { type Test } from "tap";
import { loadConfig } from "../../../core/config/load.ts";
import type { Config } from "../../../core/config/model.ts";
import { PluginGenerations } from "../../../core/control/plugins/generations.ts";
import { loadLastGood } from "../../../core/control/plugins/last-good.ts";
import { createLogger } from "../../../core/observe/logger.ts";
import { Metrics } from "../../../core/observe/metrics.ts";
import { type PolicyBundle, versionOf } from "../../../core/policy/bundle.ts";
import { until } from "../../net/until.ts";
import { answering, PluginFolder } from "../plugin-folder.ts";

function configOf(directory: string, state: string | null): Config {
  return loadConfig(
    "sluice.yaml",
    `clusters: { app: { endpoints: ["http://127.0.0.1:1"] } }
plugins: { directory: ${directory}${state === null ? "" : `, state: ${state}`} }`,
    { env: {} },
  );
}

/**
 * Generations of a folder in front of a data process that says what each `apply` comes to.
 *
 * @param read absent: the config does not change
 */
async function start(
  t: Test,
  apply: () => Promise<boolean>,
  folder = new PluginFolder(t, { "a.ts": answering("one") }),
  read: (() => Promise<Config>) | null = null,
) {
  const config = (await read?.()) ?? configOf(folder.plugins, folder.state);
  const lines: string[] = [];
  const generations = new PluginGenerations({
    config,
    read,
    apply,
    report: async () => null,
    hostsPlugins: true,
    log: createLogger({ level: "info", pretty: false }, {}, { write: (line) => lines.push(line) }),
    metrics: new Metrics(),
  });
  t.teardown(() => generations.close());
  await generations.start(async (_config, bundle: PolicyBundle | null) => bundle);
  const kept = async () => {
    await generations.settled();
    return (await loadLastGood(folder.state, folder.plugins))?.plugins[0]?.script.code ?? "";
  };
  const save = (text: string) => {
    folder.save("a.ts", text);
    return generations.reload(new Set(["plugins"]));
  };
  return { generations, kept, save, lines };
}

t.test("plugins are kept as the last good ones only when a data process has loaded them", async (t) => {
  let isLoaded = false;
  const { generations, kept, save } = await start(t, async () => isLoaded);
  t.match(await kept(), '"one"');
  t.equal(await save(answering("two")), true, "they are in force");
  t.match(await kept(), '"one"');
  generations.onLoaded();
  t.match(await kept(), '"two"');
  await save(answering("three"));
  isLoaded = true;
  await save(answering("four"));
  t.match(await kept(), '"four"');
});

t.test("a reload that is under way at the end comes to nothing, and what was accepted is kept", async (t) => {
  const { generations, kept, save, lines } = await start(t, async () => true);
  const compiling = save(answering("two"));
  generations.close();
  t.equal(await compiling, false);
  t.equal(await save(answering("three")), false);
  t.match(await kept(), '"one"');

  const applied = Promise.withResolvers<boolean>();
  const asked = Promise.withResolvers<void>();
  const other = await start(t, () => {
    asked.resolve();
    return applied.promise;
  });
  const reload = other.save(answering("two"));
  await asked.promise;
  other.generations.close();
  applied.reject(new Error("Sluice is ending"));
  t.equal(await reload, false);
  t.same([...lines, ...other.lines], []);
});

t.test(
  "plugins are kept where a config newly says so, and as those of the folder that it names",
  async (t) => {
    const folder = new PluginFolder(t, { "a.ts": answering("one"), "../copy/a.ts": answering("one") });
    const copy = join(folder.root, "copy");
    let config = configOf(folder.plugins, null);
    const { generations } = await start(
      t,
      async () => true,
      folder,
      async () => config,
    );
    for (const [directory, state] of [
      [folder.plugins, folder.state],
      [folder.plugins, join(folder.root, "other")],
      [copy, join(folder.root, "other")],
    ] as const) {
      config = configOf(directory, state);
      t.equal(await generations.reload(new Set(["config"])), true);
      await generations.settled();
      t.match(await loadLastGood(state, directory), { plugins: [{ name: "a" }] }, `${directory} in ${state}`);
    }
  },
);

t.test("what was rolled back stays so where a config says that plugins are kept elsewhere", async (t) => {
  const folder = new PluginFolder(t, { "a.ts": answering("one") });
  let config = configOf(folder.plugins, folder.state);
  const read = async () => config;
  const { generations, save, lines } = await start(t, async () => true, folder, read);
  await save(answering("two"));
  generations.onStrike("a", versionOf(generations.current.bundle!.plugins[0]!.hash));
  await until(() => lines.some((line) => line.includes("Plugins rolled back")));
  const other = join(folder.root, "other");
  config = configOf(folder.plugins, other);
  await generations.reload(new Set(["config"]));
  await generations.settled();
  const kept = await loadLastGood(other, folder.plugins);
  t.match(kept?.plugins[0]?.script.code, '"one"');
  t.match(kept?.rejected?.problem, "plugin a ended the data process");
});

t.test("a config that comes with files that were put right tells that these are in force", async (t) => {
  const folder = new PluginFolder(t, { "a.ts": answering("one") });
  const read = async () => configOf(folder.plugins, folder.state);
  const first = await start(t, async () => true, folder, read);
  await first.kept();
  first.generations.close();
  folder.save("a.ts", "broken(");
  const { generations } = await start(t, async () => true, folder, read);
  t.equal(generations.current.source, "state");
  folder.save("a.ts", answering("one"));
  await generations.reload(new Set(["config"]));
  t.equal(generations.current.source, "files");
  t.equal(generations.current.number, 1);
});
