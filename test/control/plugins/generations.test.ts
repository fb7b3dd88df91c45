import t, { type Test } from "tap";
import { loadConfig } from "../../../core/config/load.ts";
import { PluginGenerations } from "../../../core/control/plugins/generations.ts";
import { loadLastGood } from "../../../core/control/plugins/last-good.ts";
import { createLogger } from "../../../core/observe/logger.ts";
import { Metrics } from "../../../core/observe/metrics.ts";
import type { PolicyBundle } from "../../../core/policy/bundle.ts";
import { answering, PluginFolder } from "../plugin-folder.ts";

/** Generations of a folder in front of a data process that says what each `apply` comes to. */
async function start(t: Test, apply: () => Promise<boolean>) {
  const folder = new PluginFolder(t, { "a.ts": answering("one") });
  const config = loadConfig(
    "sluice.yaml",
    `clusters: { app: { endpoints: ["http://127.0.0.1:1"] } }
plugins: { directory: ${folder.plugins}, state: ${folder.state} }`,
    { env: {} },
  );
  const lines: string[] = [];
  const generations = new PluginGenerations({
    config,
    read: null,
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
