import t from "tap";
import { configFromFlags } from "../../core/config/from-flags.ts";
import type { Config } from "../../core/config/model.ts";
import { ConfigError } from "../../core/config/problem.ts";
import { Reloader } from "../../core/control/reloader.ts";
import { createLogger } from "../../core/observe/logger.ts";
import { Metrics } from "../../core/observe/metrics.ts";

function setUp(read: () => Promise<Config>, apply: (config: Config) => Promise<void> = async () => {}) {
  const lines: string[] = [];
  const metrics = new Metrics();
  const log = createLogger({ level: "info", pretty: false }, {}, { write: (line) => lines.push(line) });
  return { lines, metrics, reloader: new Reloader({ read, apply, log, metrics }) };
}

const config = configFromFlags({});

t.test("Reloader applies what it read and counts it", async (t) => {
  const applied: Config[] = [];
  const { metrics, reloader } = setUp(
    async () => config,
    async (read) => void applied.push(read),
  );
  await reloader.request();
  t.equal(applied[0], config);
  t.match(metrics.snapshot().totals, { reloadsApplied: 1, reloadsRefused: 0 });
});

t.test("Reloader logs one line for each problem and applies nothing", async (t) => {
  const problem = {
    file: "sluice.yaml",
    line: 3,
    column: 5,
    message: "expected a list",
    kind: "invalid",
  } as const;
  const { lines, metrics, reloader } = setUp(
    () => Promise.reject(new ConfigError([problem, { ...problem, line: 9 }])),
    () => Promise.reject(new Error("must not be applied")),
  );
  await reloader.request();
  t.same(
    lines.map((line) => JSON.parse(line).problem),
    ["sluice.yaml:3:5: expected a list", "sluice.yaml:9:5: expected a list"],
  );
  t.match(metrics.snapshot().totals, { reloadsApplied: 0, reloadsRefused: 1 });
});

t.test("Reloader reads once more for requests that came while it was busy", async (t) => {
  const gates: PromiseWithResolvers<Config>[] = [];
  const { metrics, reloader } = setUp(() => {
    const gate = Promise.withResolvers<Config>();
    gates.push(gate);
    return gate.promise;
  });
  const first = reloader.request();
  const others = [reloader.request(), reloader.request(), reloader.request()];
  gates[0]?.resolve(config);
  while (gates.length < 2) await new Promise(setImmediate);
  gates[1]?.resolve(config);
  await Promise.all([first, ...others]);
  t.equal(gates.length, 2);
  t.equal(metrics.snapshot().totals.reloadsApplied, 2);
});
