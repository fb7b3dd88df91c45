/** An endpoint that fails real requests is left out for a while. */
import t, { type Test } from "tap";
import type { OutlierConfig } from "../../core/config/traffic-model.ts";
import { createUpstreamMemory } from "../../core/upstream/services.ts";
import { until } from "../net/until.ts";
import { get, startGateway } from "../support/gateway.ts";
import { ok } from "../support/raw-upstream.ts";
import {
  answerOf,
  askTimes,
  ejecting,
  isSilent,
  refusing,
  resets,
  retrying,
  sharing,
  startCounting,
} from "./endpoints.ts";

/** Two endpoints that are asked in turn; the first one answers with a status that the test changes. */
async function startPair(t: Test, outlier: Partial<OutlierConfig> = {}) {
  const state = { status: 500 };
  const bad = await startCounting(t, () => answerOf(state.status));
  const good = await startCounting(t, () => ok());
  const cluster = { outlier: ejecting(outlier) };
  const proxy = await startGateway(t, [bad.address, good.address], { cluster });
  return { state, bad, good, proxy };
}

t.test("an endpoint is left out after five failures in a row", async (t) => {
  const { bad, good, proxy } = await startPair(t);
  await askTimes(proxy, 9);
  t.same([bad.requests.length, good.requests.length], [5, 4]);
  const statuses = (await askTimes(proxy, 10)).map(({ status }) => status);
  t.same([...new Set(statuses)], [200]);
  t.same([bad.requests.length, good.requests.length], [5, 14]);
  t.match(proxy.log.lines, ["warn endpoint ejected (consecutive_failures 5) for 60 s"]);
});

t.test(
  "a good answer in between begins the count again, and what is the client's fault is none",
  async (t) => {
    const { state, bad, proxy } = await startPair(t);
    for (const status of [500, 500, 500, 500, 200, 500, 500, 500, 500, 404, 500, 500, 500, 500, 429]) {
      state.status = status;
      await askTimes(proxy, 2);
    }
    t.equal(bad.requests.length, 15);
    t.same(proxy.log.lines, []);
  },
);

t.test("an endpoint comes back when its time is over, and stays away longer the next time", async (t) => {
  const { state, bad, good, proxy } = await startPair(t, { ejection: 300, longestEjection: 10_000 });
  await askTimes(proxy, 9);
  const ejectedAt = performance.now();
  t.equal(bad.requests.length, 5);
  state.status = 200;
  await until(async () => {
    await proxy.ask(get());
    return bad.requests.length > 5;
  });
  t.ok(performance.now() - ejectedAt >= 250);
  t.ok(good.requests.length > 4);
  t.match(proxy.log.lines.at(-1), "info endpoint is back");
  state.status = 500;
  await until(async () => {
    await proxy.ask(get());
    return proxy.log.lines.length === 3;
  });
  t.match(proxy.log.lines, [
    "warn endpoint ejected (consecutive_failures 5) for 0.3 s",
    "info endpoint is back",
    "warn endpoint ejected (consecutive_failures 5) for 0.6 s",
  ]);
});

t.test("never are all of them left out", async (t) => {
  const endpoints = await Promise.all([0, 1, 2, 3].map(() => startCounting(t, () => answerOf(500))));
  const addresses = endpoints.map(({ address }) => address);
  // Without panic, which would ask those that are left out all the same.
  const failover = { zone: null, enough: 0.7, panic: 0 };
  const proxy = await startGateway(t, addresses, { cluster: { outlier: ejecting(), failover } });
  for (const { status } of await askTimes(proxy, 60)) t.equal(status, 500);
  t.equal(proxy.log.lines.length, 2, "half of them");
  const counts = endpoints.map(({ requests }) => requests.length).sort((a, b) => a - b);
  t.same(counts.slice(0, 2), [5, 5]);
  t.ok(counts[2]! > 10);
});

t.test("the only endpoint is never left out", async (t) => {
  const only = await startCounting(t, () => answerOf(500));
  const proxy = await startGateway(t, only.address, { cluster: { outlier: ejecting({ mostEjected: 1 }) } });
  for (const { status } of await askTimes(proxy, 12)) t.equal(status, 500);
  t.equal(only.requests.length, 12);
});

t.test("nobody is left out where outliers are not looked at", async (t) => {
  const bad = await startCounting(t, () => answerOf(500));
  const good = await startCounting(t, () => ok());
  const proxy = await startGateway(t, [bad.address, good.address], { cluster: { outlier: null } });
  await askTimes(proxy, 24);
  t.same([bad.requests.length, good.requests.length], [12, 12]);
});

for (const [name, answer] of [
  ["resets", resets],
  ["does not answer in time", isSilent],
] as const) {
  t.test(`an endpoint that ${name} is left out, and clients notice nothing`, async (t) => {
    const bad = await startCounting(t, answer);
    const good = await startCounting(t, () => ok());
    const proxy = await startGateway(t, [bad.address, good.address], {
      cluster: { outlier: ejecting() },
      route: { retry: retrying({ perTry: 50 }) },
    });
    for (const { status } of await askTimes(proxy, 20)) t.equal(status, 200);
    t.equal(bad.requests.length, 5);
    t.match(proxy.log.lines, ["warn endpoint ejected (consecutive_failures 5) for 60 s"]);
  });
}

t.test("an endpoint that refuses connections is left out, and clients notice nothing", async (t) => {
  const good = await startCounting(t, () => ok());
  const cluster = { outlier: ejecting() };
  const addresses = [await refusing(), good.address];
  const proxy = await startGateway(t, addresses, { cluster, route: { retry: retrying() } });
  for (const { status } of await askTimes(proxy, 20)) t.equal(status, 200);
  const attempts = proxy.records.map((record) => record.attempts);
  t.equal(attempts.filter((count) => count === 2).length, 5);
  t.same(attempts.slice(-8), Array(8).fill(1));
});

t.test("what one gateway found, the other one that shares its memory knows", async (t) => {
  const state = { status: 500 };
  const bad = await startCounting(t, () => answerOf(state.status));
  const good = await startCounting(t, () => ok());
  const memory = createUpstreamMemory();
  const settings = { cluster: { outlier: ejecting({ ejection: 300 }) } };
  const addresses = [bad.address, good.address];
  const leader = await startGateway(t, addresses, settings, sharing(memory, true));
  const follower = await startGateway(t, addresses, settings, sharing(memory, false));
  await askTimes(follower, 9);
  t.equal(bad.requests.length, 5);
  for (const proxy of [leader, follower]) {
    for (const { status } of await askTimes(proxy, 4)) t.equal(status, 200);
  }
  t.equal(bad.requests.length, 5);
  state.status = 200;
  await until(async () => {
    await follower.ask(get());
    return bad.requests.length > 5;
  });
  t.match(leader.log.lines, ["info endpoint is back"], "who leads lets back in, for both");
});
