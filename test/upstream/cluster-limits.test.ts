/** How many requests and retries of a cluster may be in flight, over all endpoints and reactors. */
import t, { type Test } from "tap";
import type { ClusterConfig } from "../../core/config/model.ts";
import type { Cluster } from "../../core/upstream/cluster.ts";
import { createUpstreamMemory } from "../../core/upstream/services.ts";
import { until } from "../net/until.ts";
import { type GatewaySettings, get, startGateway, type TestGateway } from "../support/gateway.ts";
import { field, readMessage } from "../support/message.ts";
import { type Answer, ok, startUpstream } from "../support/raw-upstream.ts";
import { answerOf, askTimes, retrying, sharing, startCounting } from "./endpoints.ts";

function clusterOf({ gateway }: TestGateway): Cluster {
  return gateway.generation.clusters.get("upstream")!;
}

/** Two endpoints that answer when the test says so. */
async function startHeld(t: Test) {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const endpoints = await Promise.all(
    [0, 1].map(() => startCounting(t, () => released.then(() => ok("late")))),
  );
  const arrived = () => endpoints.reduce((sum, { requests }) => sum + requests.length, 0);
  return { addresses: endpoints.map(({ address }) => address), arrived, release };
}

t.test("a request over maxRequests is answered 503 at once, and told when to come back", async (t) => {
  const { addresses, arrived, release } = await startHeld(t);
  const proxy = await startGateway(t, addresses, { cluster: { maxRequests: 3 } });
  const answers = Array.from({ length: 3 }, () => proxy.ask(get()));
  await until(() => arrived() === 3);
  const refused = await proxy.ask(get());
  t.match(refused, { status: 503, body: /"code":"requests_exhausted"/ });
  t.match(field(refused, "proxy-status"), /error=connection_limit_reached; details="requests_exhausted"/);
  t.match(field(refused, "retry-after"), /^[1-3]$/);
  t.equal(arrived(), 3, "no endpoint saw it");
  t.same(proxy.metrics.snapshot().clusters[0]!.refused, [{ reason: "requests", priority: 1, count: 1 }]);
  release();
  for (const { status } of await Promise.all(answers)) t.equal(status, 200);
  await until(() => clusterOf(proxy).counts.inFlight === 0);
  t.equal((await proxy.ask(get())).status, 200, "there is room again");
});

t.test("two reactors have one maxRequests", async (t) => {
  const { addresses, arrived, release } = await startHeld(t);
  const memory = createUpstreamMemory();
  const settings: GatewaySettings = { cluster: { maxRequests: 3 } };
  const [one, other] = [
    await startGateway(t, addresses, settings, sharing(memory, true)),
    await startGateway(t, addresses, settings, sharing(memory, false)),
  ];
  const answers = [one.ask(get()), other.ask(get()), other.ask(get())];
  await until(() => arrived() === 3);
  for (const proxy of [one, other]) t.equal((await proxy.ask(get())).status, 503);
  release();
  for (const { status } of await Promise.all(answers)) t.equal(status, 200);
  await until(() => clusterOf(one).counts.inFlight === 0);
});

t.test("a reload that keeps the cluster's name keeps what is in flight", async (t) => {
  const { addresses, arrived, release } = await startHeld(t);
  const proxy = await startGateway(t, addresses, { cluster: { maxRequests: 2 } });
  const answers = [proxy.ask(get()), proxy.ask(get())];
  await until(() => arrived() === 2);
  const before = clusterOf(proxy);
  const { config } = proxy.gateway.generation;
  const [cluster] = config.clusters as [ClusterConfig];
  await proxy.gateway.apply({ ...config, clusters: [{ ...cluster, maxIdle: 1 }] });
  t.not(clusterOf(proxy), before, "it is another cluster");
  t.equal((await proxy.ask(get())).status, 503);
  release();
  for (const { status } of await Promise.all(answers)) t.equal(status, 200);
  await until(() => clusterOf(proxy).counts.inFlight === 0);
});

t.test("a tunnel is a request in flight until it ends", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { cluster: { maxRequests: 1 } });
  const client = await proxy.connect();
  client.write(get("/", "Connection: Upgrade", "Upgrade: websocket"));
  const { peer } = await upstream.request();
  peer.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  await client.take("\r\n\r\n");
  t.equal((await proxy.ask(get())).status, 503);
  client.reset();
  await until(() => clusterOf(proxy).counts.inFlight === 0);
});

t.test("a request that is refused is no failure of an endpoint, and pays for no retry", async (t) => {
  const { addresses, arrived, release } = await startHeld(t);
  const proxy = await startGateway(t, addresses, {
    cluster: { maxRequests: 1 },
    route: { retry: retrying({ on: ["5xx"] }) },
  });
  const first = proxy.ask(get());
  await until(() => arrived() === 1);
  for (let i = 0; i < 20; i++) t.equal((await proxy.ask(get())).status, 503);
  const record = await proxy.record(20);
  t.match(record, { status: 503, attempts: 0 });
  t.ok(clusterOf(proxy).endpoints.every(({ isHealthy }) => isHealthy));
  t.equal(arrived(), 1);
  release();
  t.equal((await first).status, 200);
});

t.test("while maxRetries requests are sent again, others get the answer that there is", async (t) => {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const endpoint = await startCounting(t, () =>
    endpoint.requests.length <= 3 ? answerOf(503, "no") : released.then(() => ok("late")),
  );
  const proxy = await startGateway(t, endpoint.address, {
    cluster: { maxRetries: 1 },
    route: { retry: retrying({ on: ["gateway-error"] }) },
  });
  const answers = Array.from({ length: 3 }, () => proxy.ask(get()));
  await until(() => endpoint.requests.length === 4 && proxy.records.length === 2);
  t.match(proxy.metrics.snapshot().clusters[0], {
    retries: 1,
    retriesRefused: [
      { reason: "budget", count: 0 },
      { reason: "max_retries", count: 2 },
    ],
  });
  t.equal(clusterOf(proxy).counts.retries, 1);
  release();
  const statuses = (await Promise.all(answers)).map(({ status }) => status).sort();
  t.same(statuses, [200, 503, 503]);
  await until(() => clusterOf(proxy).counts.retries === 0);
});

t.test("maxRetries: 0 is no retry at all", async (t) => {
  const bad = await startCounting(t, () => answerOf(503, "no"));
  const proxy = await startGateway(t, [bad.address, bad.address], {
    cluster: { maxRetries: 0, outlier: null },
    route: { retry: retrying({ on: ["gateway-error"] }) },
  });
  t.match(await proxy.ask(get()), { status: 503, body: "no" });
  t.equal(bad.requests.length, 1);
});

for (const maxRequests of [1, 2]) {
  const what =
    maxRequests === 1 ? "no place for a second attempt beside the first" : "two attempts in flight";
  t.test(`a request that takes long has ${what} with maxRequests: ${maxRequests}`, async (t) => {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const answer: Answer = ({ startLine }) =>
      startLine.includes("/slow") ? released.then(() => ok("late")) : ok("quick");
    const endpoints = await Promise.all([0, 1].map(() => startCounting(t, answer)));
    const proxy = await startGateway(
      t,
      endpoints.map(({ address }) => address),
      {
        cluster: { maxRequests, outlier: null },
        route: { retry: retrying({ hedge: { percentile: 0.9, least: 20 }, attempts: 1 }) },
      },
    );
    await askTimes(proxy, 40);
    const slow = proxy.ask(get("/slow"));
    const { refused } = proxy.metrics.snapshot().clusters[0]!;
    t.same(refused, []);
    const isDecided = () => {
      const [totals] = proxy.metrics.snapshot().clusters;
      return totals!.refused.length > 0 || totals!.hedges > 0;
    };
    await until(isDecided);
    t.equal(clusterOf(proxy).counts.inFlight, maxRequests);
    release();
    t.match(await slow, { status: 200, body: "late" });
    t.equal((await proxy.record(41)).attempts, maxRequests);
    await until(() => clusterOf(proxy).counts.inFlight === 0);
  });
}

t.test("the retry budget is one for all reactors, and outlives a reload", async (t) => {
  const endpoints = await Promise.all([0, 1].map(() => startCounting(t, () => answerOf(503))));
  const addresses = endpoints.map(({ address }) => address);
  const memory = createUpstreamMemory();
  const settings: GatewaySettings = {
    cluster: { outlier: null, retryBudget: { ratio: 0.1, minimum: 0 } },
    route: { retry: retrying({ on: ["gateway-error"], attempts: 1 }) },
  };
  const [one, other] = [
    await startGateway(t, addresses, settings, sharing(memory, true)),
    await startGateway(t, addresses, settings, sharing(memory, false)),
  ];
  const sent = () => endpoints.reduce((sum, { requests }) => sum + requests.length, 0);
  const client = await one.connect();
  for (let i = 0; i < 9; i++) {
    client.write(get());
    await readMessage(client);
  }
  t.equal(sent(), 9, "nine requests pay for no retry");
  await other.ask(get());
  t.equal(sent(), 11, "the tenth, of another reactor, is sent again");
  const { config } = other.gateway.generation;
  const [cluster] = config.clusters as [ClusterConfig];
  await other.gateway.apply({ ...config, clusters: [{ ...cluster, maxIdle: 1 }] });
  for (let i = 0; i < 9; i++) await other.ask(get());
  t.equal(sent(), 20, "nine more pay for none");
  await one.ask(get());
  t.equal(sent(), 22);
});
