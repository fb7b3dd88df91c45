/** One request that nobody waits for. */
import t, { type Test } from "tap";
import { defaultConcurrency } from "../../core/config/traffic-defaults.ts";
import { DetachedCall, type DetachedRequest } from "../../core/upstream/detached-call.ts";
import { until } from "../net/until.ts";
import { get, startGateway } from "../support/gateway.ts";
import { untilNothingHeld } from "../support/holdings.ts";
import { type Answer, ok } from "../support/raw-upstream.ts";
import { isSilent, startCounting } from "./endpoints.ts";

const request: DetachedRequest = {
  method: "PUT",
  requestId: "one",
  head: "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
  body: Buffer.from("hello"),
  tail: "\r\n0\r\n\r\n",
  hash: null,
};

/** A call to a cluster, and what its owner hears. */
async function start(t: Test, answer: Answer, timeout = 60_000) {
  const upstream = await startCounting(t, answer);
  const proxy = await startGateway(t, upstream.address);
  const cluster = proxy.gateway.generation.clusters.get("upstream")!;
  const heard: string[] = [];
  const call = new DetachedCall(cluster, timeout, {
    onSent: () => void heard.push("sent"),
    onDone: (_, error) => void heard.push(error?.code ?? "done"),
  });
  return { upstream, proxy, cluster, call, heard };
}

t.test("it is sent once and its connection goes back to the pool", async (t) => {
  const { upstream, proxy, call, heard, cluster } = await start(t, () => ok("x".repeat(1000)));
  call.send(request);
  t.equal(upstream.connections.length, 0, "at the end of the turn");
  await until(() => heard.length === 2);
  t.same(heard, ["sent", "done"]);
  t.match(upstream.requests, [{ startLine: "PUT / HTTP/1.1", body: "hello" }]);
  t.match(proxy.metrics.snapshot().clusters[0], { idle: 1, attempts: [{ reason: "ok", count: 1 }] });
  t.equal(cluster.endpoints[0]!.inFlight, 0);
});

t.test("one that is cancelled before its turn is never sent", async (t) => {
  const { upstream, call, heard } = await start(t, () => ok());
  call.send(request);
  call.cancel();
  await new Promise((resolve) => setTimeout(resolve, 0));
  await new Promise(setImmediate);
  t.equal(upstream.connections.length, 0);
  t.same(heard, []);
});

t.test(
  "one that is cancelled while it waits for its connection, or its answer, leaves nothing",
  async (t) => {
    for (const after of [0, 1]) {
      const { upstream, proxy, call, heard } = await start(t, isSilent);
      call.send(request);
      if (after === 0) await new Promise(setImmediate);
      else await until(() => upstream.requests.length === 1);
      call.cancel();
      const gone = { endpointRequests: 0, pending: 0 };
      t.match(await untilNothingHeld(proxy, after === 0 ? 100 : 2000), gone);
      t.same(heard, after === 0 ? [] : ["sent"]);
    }
  },
);

t.test("the limits of its cluster hold for it, too, and it gives its place back", async (t) => {
  const upstream = await startCounting(t, isSilent);
  const proxy = await startGateway(t, upstream.address, { cluster: { maxRequests: 2 } });
  const cluster = proxy.gateway.generation.clusters.get("upstream")!;
  const heard: string[] = [];
  const start = () => {
    const call = new DetachedCall(cluster, 60_000, {
      onSent: () => void heard.push("sent"),
      onDone: (_, error) => void heard.push(error?.code ?? "done"),
    });
    call.send(request);
    return call;
  };
  const calls = [start(), start(), start()];
  await until(() => heard.length === 3);
  t.same(heard.sort(), ["requests_exhausted", "sent", "sent"]);
  for (const call of calls) call.cancel();
  start();
  await until(() => heard.length === 4);
  t.equal(heard[3], "sent");
});

t.test("an adaptive limit keeps room for requests that somebody waits for", async (t) => {
  const upstream = await startCounting(t, isSilent);
  const concurrency = { ...defaultConcurrency, least: 10, most: 10 };
  const proxy = await startGateway(t, upstream.address, { cluster: { concurrency } });
  const cluster = proxy.gateway.generation.clusters.get("upstream")!;
  const heard: string[] = [];
  for (let n = 0; n < 10; n++) {
    new DetachedCall(cluster, 60_000, {
      onSent: () => void heard.push("sent"),
      onDone: (_, error) => void heard.push(error?.code ?? "done"),
    }).send(request);
  }
  await until(() => heard.length === 10);
  t.ok(heard.includes("overloaded"));
  const client = await proxy.connect();
  client.write(get("/important"));
  await until(() => upstream.requests.some(({ startLine }) => startLine.includes("/important")));
});

t.test("it is told when there is no endpoint", async (t) => {
  const { call, heard, cluster } = await start(t, () => ok());
  cluster.setEndpoints([]);
  call.send(request);
  await until(() => heard.length > 0);
  t.same(heard, ["no_healthy_upstream"]);
});
