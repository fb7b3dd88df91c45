/** What a plugin has begun when its generation is over, or the proxy ends: `onLog`, and what `ctx.waitUntil` was given. */
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import type { PluginLimits } from "../../core/config/model.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { until } from "../net/until.ts";
import { engines, onEachEngine } from "../support/each-engine.ts";
import { get } from "../support/gateway.ts";
import { compileBundle, type PolicyGateway, startPolicyGateway } from "../support/policies.ts";
import { type Answer, ok, type RawUpstream, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

const later = "const later = (ms) => new Promise((done) => setTimeout(done, ms));";
const logging = `${later} export default {
  capabilities: { kv: true },
  async onLog(record, ctx) { await ctx.kv.get("a"); await later(100); await ctx.kv.get("a"); ctx.log.info("log"); },
  teardown() { console.log("teardown"); },
};`;
const waiting = (ms: number, more = "") => `${later} export default {
  onRequest(request, ctx) { ctx.waitUntil(later(${ms}).then(() => console.log("work"))); },
  teardown() { console.log("teardown"); }, ${more}
};`;
const texts = ({ lines }: PolicyGateway) => lines.map(({ message }) => message);
const problems = ({ log }: PolicyGateway) => log.entries.filter(({ level }) => level !== "info");
const dropped = ({ log }: PolicyGateway) =>
  log.entries.filter(({ message }) => message === "Plugin is ended before its work is done");

/** Puts the same plugins in force once more. */
async function reload({ gateway, config }: PolicyGateway, plugin: string): Promise<void> {
  await gateway.apply(config, await compileBundle({ "a.ts": plugin }));
}

interface Started {
  readonly service: RawUpstream;
  readonly gateway: PolicyGateway;
}

/** @param answer absent: the test answers */
async function start(
  t: Test,
  plugin: string,
  engine: EngineName,
  { answer, timeouts = {}, limits = {} }: { answer?: Answer; timeouts?: object; limits?: object } = {},
): Promise<Started> {
  const service = await startUpstream(t, answer);
  const gateway = await startPolicyGateway(t, service.address, {
    plugins: { "a.ts": plugin },
    engine,
    timeouts,
    settings: { a: { limits: limits as PluginLimits } },
  });
  return { service, gateway };
}

const answer = () => ok("upstream");

for (const end of ["the client goes", "the endpoint breaks off", "the response is whole"] as const)
  onEachEngine(
    `onLog of the last exchange of a generation runs to its end when ${end}`,
    async (t, engine) => {
      const { service, gateway } = await start(t, logging, engine);
      const client = await gateway.connect();
      client.write(get());
      const { peer } = await service.request();
      await reload(gateway, logging);
      if (end === "the client goes") client.socket.resetAndDestroy();
      else if (end === "the endpoint breaks off") peer.socket.resetAndDestroy();
      else peer.write(ok("whole"));
      await until(() => texts(gateway).includes("teardown"));
      t.same(texts(gateway), ["log", "teardown"]);
      t.same(problems(gateway), []);
    },
  );

onEachEngine(
  "what ctx.waitUntil was given is done before teardown, with its plugin replaced",
  async (t, engine) => {
    const all = await start(t, waiting(200), engine, { answer });
    await all.gateway.ask(get());
    await reload(all.gateway, waiting(200));
    await until(() => texts(all.gateway).includes("teardown"));
    t.same(texts(all.gateway), ["work", "teardown"]);
    t.same(problems(all.gateway), []);
  },
);

onEachEngine("a drain waits for it, and for a request that goes on without its client", async (t, engine) => {
  const plugin = waiting(300, 'async onLog() { await later(100); console.log("log"); },');
  const { service, gateway } = await start(
    t,
    plugin.replace("ctx.waitUntil", "ctx.keepGoing(); ctx.waitUntil"),
    engine,
  );
  const client = await gateway.connect();
  client.write(get());
  const { peer } = await service.request();
  client.socket.resetAndDestroy();
  await gateway.record(1);
  const drained = gateway.gateway.drain();
  await sleep(50);
  peer.write(ok("for nobody"));
  await drained;
  t.same(texts(gateway).toSorted(), ["log", "teardown", "work"]);
  t.equal(texts(gateway).at(-1), "teardown");
  t.same(problems(gateway), []);
});

onEachEngine("a drain drops after drainTimeout what has no end, and says so", async (t, engine) => {
  const all = await start(t, waiting(60_000), engine, { answer, timeouts: { drainTimeout: 300 } });
  await all.gateway.ask(get());
  await all.gateway.ask(get());
  const began = performance.now();
  await all.gateway.gateway.drain();
  const took = performance.now() - began;
  t.ok(took > 250 && took < 2000, `${took} ms`);
  t.same(texts(all.gateway), ["teardown"]);
  t.match(dropped(all.gateway), [
    { level: "warn", fields: { plugin: "a", waitUntil: 2, because: "the proxy ends" } },
  ]);
});

onEachEngine("close gives it a moment, and resolves", async (t, engine) => {
  for (const [ms, expected] of [
    [50, ["work", "teardown"]],
    [60_000, ["teardown"]],
  ] as const) {
    const all = await start(t, waiting(ms), engine, { answer });
    await all.gateway.ask(get());
    const began = performance.now();
    await all.gateway.gateway.close();
    t.ok(performance.now() - began < 2000);
    t.same(texts(all.gateway), expected);
  }
});

t.test("of one plugin four guests at most are waited for, the oldest goes first", async (t) => {
  const all = await start(t, waiting(60_000), engines[1]!, { answer });
  for (let version = 1; version <= 12; version++) {
    await all.gateway.ask(get());
    await reload(all.gateway, waiting(60_000, `description: "${version}",`));
  }
  await until(() => texts(all.gateway).length >= 8);
  await sleep(100);
  t.same(texts(all.gateway), new Array(8).fill("teardown"));
  t.match(
    dropped(all.gateway),
    new Array(8).fill({
      fields: { plugin: "a", waitUntil: 1, because: "4 newer versions of it have work to do, too" },
    }),
  );
});

onEachEngine("an onLog without an end holds its guest for wall", async (t, engine) => {
  const plugin =
    "export default { onLog: () => new Promise(() => {}), teardown() { console.log('teardown'); } };";
  const { service, gateway } = await start(t, plugin, engine, { limits: { wall: 200 } });
  const client = await gateway.connect();
  client.write(get());
  await service.request();
  await reload(gateway, plugin);
  client.socket.resetAndDestroy();
  await until(() => texts(gateway).includes("teardown"));
  t.match(problems(gateway), [{ fields: { plugin: "a", phase: "onLog" }, message: "Policy failed" }]);
});

for (const engine of engines.filter((each) => each !== "inline"))
  t.test(`a guest that is made anew after a fault has no work of the one before, on ${engine}`, async (t) => {
    const plugin = waiting(60_000, 'onResponse(response) { if (response.url.endsWith("/loop")) for (;;); },');
    const all = await start(t, plugin, engine, { answer, limits: { cpu: 100 } });
    await all.gateway.ask(get("/loop"));
    await until(() => problems(all.gateway).length > 0);
    const began = performance.now();
    await reload(all.gateway, plugin);
    await until(() => texts(all.gateway).includes("teardown"));
    t.ok(performance.now() - began < 5000);
    t.same(dropped(all.gateway), []);
  });

onEachEngine("what teardown throws is told with its place", async (t, engine) => {
  const { gateway } = await start(
    t,
    "export default {\n  onRequest() {}, teardown() { throw new RangeError('gone'); },\n};",
    engine,
  );
  await reload(gateway, waiting(1));
  await until(() => problems(gateway).length > 0);
  t.match(problems(gateway), [
    { level: "warn", message: "Plugin failed in teardown", fields: { plugin: "a", at: /a\.ts:2:(38|42)$/ } },
  ]);
});
