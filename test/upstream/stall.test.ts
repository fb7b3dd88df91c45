/** An endpoint that stands still, as a stopped process does, and one that is only slow. */
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import { get, startGateway, type TestGateway } from "../support/gateway.ts";
import { nothingHeld, untilNothingHeld } from "../support/holdings.ts";
import type { Message } from "../support/message.ts";
import { ok } from "../support/raw-upstream.ts";
import { askTimes, type CountingUpstream, ejecting, retrying, startCounting } from "./endpoints.ts";

interface Pair {
  /** Answers after so many ms; null: never. A path of /slow takes 1.6 s at the best of times. */
  readonly state: { delay: number | null };
  readonly first: CountingUpstream;
  readonly second: CountingUpstream;
  readonly proxy: TestGateway;
}

/** Two endpoints that have answered enough requests to be known; the first one changes. */
async function startKnown(t: Test): Promise<Pair> {
  const state: Pair["state"] = { delay: 0 };
  const first = await startCounting(t, async ({ startLine }) => {
    if (state.delay === null) return null;
    const delay = startLine.includes("/slow") ? 1600 : state.delay;
    if (delay > 0) await sleep(delay);
    return ok("first");
  });
  const second = await startCounting(t, () => ok("second"));
  const proxy = await startGateway(t, [first.address, second.address], {
    cluster: { outlier: ejecting() },
    route: { retry: retrying() },
  });
  await askTimes(proxy, 80);
  return { state, first, second, proxy };
}

/** Sends requests at the same time. */
function together(proxy: TestGateway, count: number, request = get()): Promise<Message[]> {
  return Promise.all(Array.from({ length: count }, () => proxy.ask(request)));
}

t.test("requests at an endpoint that was frozen are answered by another one", async (t) => {
  const { state, proxy } = await startKnown(t);
  state.delay = null;
  const start = performance.now();
  const responses = await together(proxy, 20);
  const took = performance.now() - start;
  t.same(
    responses.map(({ status, body }) => `${status} ${body}`),
    Array(20).fill("200 second"),
  );
  t.ok(took >= 900, `after ${took} ms: not before it was silent for long`);
  t.ok(took < 3000, `after ${took} ms`);
  t.match(proxy.log.lines, ["warn endpoint ejected (consecutive_failures 5) for 60 s"]);
  const later = performance.now();
  await askTimes(proxy, 10);
  t.ok(performance.now() - later < 500, "nobody is sent there any more");
  const held = await untilNothingHeld(proxy, 1000);
  t.match(held, { requestsInFlight: 0, endpointRequests: 0, pending: 0 }, "and nothing waits there");
  t.same(Object.keys(held).sort(), Object.keys(nothingHeld).sort());
});

t.test("what may not be sent twice stays at a frozen endpoint", async (t) => {
  const { state, first, proxy } = await startKnown(t);
  state.delay = null;
  const before = first.requests.length;
  const clients = await Promise.all(Array.from({ length: 10 }, () => proxy.connect()));
  for (const client of clients) client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  await sleep(1600);
  const silent = clients.filter(({ received }) => received === 0).length;
  t.equal(silent, 5, "those of the other endpoint have their answers");
  t.equal(first.requests.length - before, 5);
  t.equal(proxy.records.slice(80).filter(({ attempts }) => attempts !== 1).length, 0);
});

t.test("an endpoint that is slow and alive is left alone", async (t) => {
  const { state, first, proxy } = await startKnown(t);
  state.delay = 700;
  const before = first.requests.length;
  const responses = await together(proxy, 20);
  t.equal(responses.filter(({ status, body }) => status === 200 && body === "first").length, 10);
  t.equal(first.requests.length - before, 10);
  t.same([...new Set(proxy.records.map(({ attempts }) => attempts))], [1]);
  t.same(proxy.log.lines, []);
});

t.test("slow requests are left alone while others are answered", async (t) => {
  const { first, proxy } = await startKnown(t);
  const slow = together(proxy, 12, get("/slow"));
  let done = false;
  void slow.then(() => {
    done = true;
  });
  while (!done) {
    await proxy.ask(get());
    await sleep(50);
  }
  const bodies = (await slow).map(({ body }) => body);
  t.equal(bodies.filter((body) => body === "first").length, 6);
  t.equal(first.requests.filter(({ startLine }) => startLine.includes("/slow")).length, 6);
  t.same([...new Set(proxy.records.map(({ attempts }) => attempts))], [1]);
});

t.test("without retries a request waits where it is", async (t) => {
  const frozen = { is: false };
  const only = await startCounting(t, () => (frozen.is ? null : ok()));
  const other = await startCounting(t, () => ok());
  const proxy = await startGateway(t, [only.address, other.address], {
    clusterTimeouts: { responseHead: 1800 },
  });
  await askTimes(proxy, 60);
  frozen.is = true;
  const responses = await together(proxy, 20);
  const statuses = responses.map(({ status }) => status).sort();
  t.same(statuses, [...Array(10).fill(200), ...Array(10).fill(504)]);
});
