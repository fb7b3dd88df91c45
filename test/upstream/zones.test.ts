/** The own zone and the first priority get the requests, while they can carry them. */
import t, { type Test } from "tap";
import type { EndpointConfig } from "../../core/config/model.ts";
import type { FailoverConfig } from "../../core/config/traffic-model.ts";
import { get, startGateway } from "../support/gateway.ts";
import { answerOf, askTimes, countsOf, ejecting, endpointsOf, retrying, startCounting } from "./endpoints.ts";

const failover: FailoverConfig = { zone: null, enough: 0.7, panic: 0 };

/** Endpoints that answer with a status that the test changes, one for each part of the config. */
async function startPlaced(
  t: Test,
  places: readonly Partial<EndpointConfig>[],
  changes: Partial<FailoverConfig> = {},
) {
  const statuses = places.map(() => 200);
  const endpoints = await Promise.all(
    places.map((_, i) => startCounting(t, () => answerOf(statuses[i]!, `${i}`))),
  );
  const configs = endpointsOf(...endpoints.map(({ address }, i) => [address, places[i]!] as const));
  const proxy = await startGateway(
    t,
    endpoints.map(({ address }) => address),
    {
      cluster: {
        endpoints: configs,
        failover: { ...failover, ...changes },
        outlier: ejecting({ mostEjected: 1 }),
        retryBudget: { ratio: 1, minimum: 100 },
      },
      route: { retry: retrying({ attempts: 4 }) },
    },
  );
  /** How the next requests are spread; all of them are answered well. */
  const spread = async (count: number): Promise<number[]> => {
    const before = countsOf(endpoints);
    for (const { status } of await askTimes(proxy, count)) t.equal(status, 200);
    return countsOf(endpoints).map((now, i) => now - before[i]!);
  };
  /** Makes an endpoint fail until it is left out. */
  const takeOut = async (i: number): Promise<void> => {
    statuses[i] = 503;
    const { lines } = proxy.log;
    const before = lines.length;
    for (let n = 0; n < 40 && lines.length === before; n++) await proxy.ask(get());
    t.equal(lines.length, before + 1);
  };
  return { statuses, takeOut, spread };
}

t.test("the own zone gets all requests while it is well", async (t) => {
  const zones = [{ zone: "a" }, { zone: "b" }, { zone: "a" }, { zone: "b" }];
  const { spread } = await startPlaced(t, zones, { zone: "a" });
  t.same(await spread(20), [10, 0, 10, 0]);
});

t.test("another zone takes over when the own one is gone", async (t) => {
  const { takeOut, spread } = await startPlaced(t, [{ zone: "a" }, { zone: "b" }, { zone: "b" }], {
    zone: "a",
  });
  t.same(await spread(6), [6, 0, 0]);
  await takeOut(0);
  const [own, ...others] = await spread(20);
  t.equal(own, 0);
  t.same(others, [10, 10]);
});

t.test("a request that failed in the own zone is tried in another one", async (t) => {
  const { statuses, spread } = await startPlaced(t, [{ zone: "a" }, { zone: "b" }], { zone: "a" });
  statuses[0] = 503;
  t.same(await spread(3), [3, 3]);
});

t.test("without a zone of its own the proxy asks all of them", async (t) => {
  const { spread } = await startPlaced(t, [{ zone: "a" }, { zone: "b" }]);
  t.same(await spread(10), [5, 5]);
});

t.test("the next priority is asked when the first one is gone, and no sooner", async (t) => {
  const { takeOut, spread } = await startPlaced(t, [{}, {}, { priority: 1 }, { priority: 2 }]);
  t.same(await spread(10), [5, 5, 0, 0]);
  await takeOut(0);
  await takeOut(1);
  t.same(await spread(10), [0, 0, 10, 0]);
  await takeOut(2);
  t.same(await spread(10), [0, 0, 0, 10]);
});

t.test("a request that failed at the first priority is tried at the next one", async (t) => {
  const { statuses, spread } = await startPlaced(t, [{}, { priority: 1 }]);
  statuses[0] = 503;
  t.same(await spread(3), [3, 3]);
});

t.test("a weight is a share of the requests", async (t) => {
  const { spread } = await startPlaced(t, [{ weight: 3 }, { weight: 1 }]);
  t.same(await spread(40), [30, 10]);
});
