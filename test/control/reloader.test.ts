import t from "tap";
import { ConfigError } from "../../core/config/problem.ts";
import type { ReloadProblem } from "../../core/control/reload-problem.ts";
import { type ReloadCause, Reloader, type ReloaderOptions } from "../../core/control/reloader.ts";
import { createLogger } from "../../core/observe/logger.ts";
import { Metrics } from "../../core/observe/metrics.ts";
import { PluginError } from "../../core/reload/problem.ts";

function setUp(reload: ReloaderOptions["reload"]) {
  const lines: string[] = [];
  const metrics = new Metrics();
  const log = createLogger({ level: "info", pretty: false }, {}, { write: (line) => lines.push(line) });
  const results: (readonly ReloadProblem[])[] = [];
  const onResult = (problems: readonly ReloadProblem[]) => void results.push(problems);
  return { lines, metrics, results, reloader: new Reloader({ reload, onResult, log, metrics }) };
}

t.test("Reloader counts what was applied, and not what was nothing new", async (t) => {
  const results = [true, false];
  const { lines, metrics, reloader } = setUp(async () => results.shift()!);
  await reloader.request();
  await reloader.request();
  t.match(metrics.snapshot().totals, { reloadsApplied: 1, reloadsRefused: 0 });
  t.equal(lines.length, 1);
});

t.test("Reloader logs one line for each problem of a config", async (t) => {
  const problem = {
    file: "sluice.yaml",
    line: 3,
    column: 5,
    message: "expected a list",
    kind: "invalid",
  } as const;
  const { lines, metrics, reloader } = setUp(() =>
    Promise.reject(new ConfigError([problem, { ...problem, line: 9 }])),
  );
  await reloader.request();
  t.same(
    lines.map((line) => JSON.parse(line).problem),
    ["sluice.yaml:3:5: expected a list", "sluice.yaml:9:5: expected a list"],
  );
  t.match(metrics.snapshot().totals, { reloadsApplied: 0, reloadsRefused: 1 });
});

t.test("Reloader logs the lines around the place for each problem of a plugin", async (t) => {
  const place = { file: "plugins/a.ts", line: 1, column: 9 };
  const { lines, reloader } = setUp(() =>
    Promise.reject(
      new PluginError([
        { ...place, message: "Unexpected }", frame: "> 1 | let a = }" },
        { ...place, line: 7, message: "cannot be read", frame: "" },
      ]),
    ),
  );
  await reloader.request("plugins");
  t.match(
    lines.map((line) => JSON.parse(line)),
    [
      {
        problem: "plugins/a.ts:1:9: Unexpected }",
        frame: "> 1 | let a = }",
        msg: "Plugins refused, the old ones stay",
      },
      { problem: "plugins/a.ts:7:9: cannot be read", frame: undefined },
    ],
  );
});

t.test("Reloader reloads once more for what was asked while it was busy, with all its causes", async (t) => {
  const gates: PromiseWithResolvers<boolean>[] = [];
  const asked: ReadonlySet<ReloadCause>[] = [];
  const { metrics, reloader } = setUp((causes) => {
    const gate = Promise.withResolvers<boolean>();
    gates.push(gate);
    asked.push(causes);
    return gate.promise;
  });
  const first = reloader.request("plugins");
  const others = [reloader.request("plugins"), reloader.request("config"), reloader.request("plugins")];
  gates[0]?.resolve(true);
  while (gates.length < 2) await new Promise(setImmediate);
  gates[1]?.resolve(true);
  await Promise.all([first, ...others]);
  t.same(asked, [new Set(["plugins"]), new Set(["plugins", "config"])]);
  t.equal(metrics.snapshot().totals.reloadsApplied, 2);
});

t.test("Reloader tells a problem once for one save, and again when it comes back", async (t) => {
  const problem = { file: "plugins/a.ts", line: 1, column: 9, message: "Unexpected }", frame: "" };
  let isBad = true;
  const { lines, metrics, results, reloader } = setUp(async () => {
    if (isBad) throw new PluginError([problem]);
    return true;
  });
  await reloader.request("plugins");
  await reloader.request("plugins");
  isBad = false;
  await reloader.request("plugins");
  isBad = true;
  await reloader.request("plugins");
  const refused = "Plugins refused, the old ones stay";
  t.same(
    lines.map((line) => JSON.parse(line).msg),
    [refused, "Plugins reloaded", refused],
  );
  t.match(metrics.snapshot().totals, { reloadsApplied: 1, reloadsRefused: 2 });
  t.equal(results.at(-1)?.length, 1);
});

const bad = (message: string) =>
  new ConfigError([{ file: "sluice.yaml", line: 3, column: 5, message, kind: "invalid" }]);

t.test("Reloader tries a refused config again when plugins change, and then these without it", async (t) => {
  const asked: ReadonlySet<ReloadCause>[] = [];
  let isBad = true;
  const { lines, results, reloader } = setUp(async (causes) => {
    asked.push(causes);
    if (isBad && causes.has("config")) throw bad("expected a list");
    return true;
  });
  await reloader.request("config");
  await reloader.request("plugins");
  t.same(asked, [new Set(["config"]), new Set(["plugins", "config"]), new Set(["plugins"])]);
  t.equal(results.at(-1)?.length, 1, "the file still holds what is not in force");
  t.same(
    lines.map((line) => JSON.parse(line).msg),
    ["Config refused, the old one stays", "Plugins reloaded"],
  );
  isBad = false;
  await reloader.request("plugins");
  await reloader.request("plugins");
  t.same(asked.slice(3), [new Set(["plugins", "config"]), new Set(["plugins"])]);
  t.same(results.at(-1), []);
});

t.test("Reloader puts plugins in force that were saved together with a bad config", async (t) => {
  const { lines, reloader } = setUp(async (causes) => {
    if (causes.has("config")) throw bad("expected a list");
    return true;
  });
  await Promise.all([reloader.request("plugins"), reloader.request("config"), reloader.request("plugins")]);
  t.same(
    lines.map((line) => JSON.parse(line).msg),
    ["Plugins reloaded", "Config refused, the old one stays", "Plugins reloaded"],
  );
});
