/** An endpoint that stands still while hardly anybody asks it, and one that is only slow. */
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import type { RetryConfig } from "../../core/config/traffic-model.ts";
import { until } from "../net/until.ts";
import { get, startGateway, type TestGateway } from "../support/gateway.ts";
import { nothingHeld, untilNothingHeld } from "../support/holdings.ts";
import type { Message } from "../support/message.ts";
import { ok } from "../support/raw-upstream.ts";
import { askTimes, type CountingUpstream, ejecting, retrying, startCounting } from "./endpoints.ts";

t.setTimeout(60_000);

interface Pair {
  /** ms in which the first one answers; null: never. */
  delay: number | null;
  readonly first: CountingUpstream;
  readonly second: CountingUpstream;
  readonly proxy: TestGateway;
}

/** Two endpoints that have answered enough requests to be known; the first one changes. */
async function startKnown(t: Test, retry: RetryConfig | null = retrying()): Promise<Pair> {
  const state: { delay: number | null } = { delay: 0 };
  const first = await startCounting(t, async () => {
    if (state.delay === null) return null;
    if (state.delay > 0) await sleep(state.delay);
    return ok("first");
  });
  const second = await startCounting(t, () => ok("second"));
  const proxy = await startGateway(t, [first.address, second.address], {
    cluster: { outlier: ejecting() },
    route: { retry },
  });
  await askTimes(proxy, 60);
  return Object.assign(state, { first, second, proxy });
}

const post = "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n\r\nx";

async function timed(response: Promise<Message>): Promise<Message & { took: number }> {
  const start = performance.now();
  return Object.assign(await response, { took: performance.now() - start });
}

/** Sends as many requests as there are endpoints: each gets one of them. */
async function askBoth(proxy: TestGateway): Promise<readonly (Message & { took: number })[]> {
  return Promise.all([timed(proxy.ask(get())), timed(proxy.ask(get()))]);
}

t.test("the only request at a frozen endpoint is answered by another one", async (t) => {
  const pair = await startKnown(t);
  pair.delay = null;
  const responses = await askBoth(pair.proxy);
  t.same(
    responses.map(({ status, body }) => `${status} ${body}`),
    ["200 second", "200 second"],
  );
  const [quick, slow] = responses.map(({ took }) => took).sort((a, b) => a - b) as [number, number];
  t.ok(quick < 500, `after ${quick} ms`);
  t.ok(slow >= 900 && slow < 2000, `after ${slow} ms`);
  t.same(pair.proxy.log.lines, [], "one is no reason to leave the endpoint out");
  const { hedges, hedgesWon, retries } = pair.proxy.metrics.snapshot().clusters[0]!;
  t.same({ hedges, hedgesWon, retries }, { hedges: 1, hedgesWon: 1, retries: 1 });
  t.match(await untilNothingHeld(pair.proxy, 6000), nothingHeld, "nothing waits there");
});

t.test("a frozen endpoint is left out when a few requests, one after the other, got no answer", async (t) => {
  const pair = await startKnown(t);
  pair.delay = null;
  for (let i = 0; i < 10 && pair.proxy.log.lines.length === 0; i++) {
    for (const { status } of await askBoth(pair.proxy)) t.equal(status, 200);
  }
  t.match(pair.proxy.log.lines, ["warn endpoint ejected (consecutive_failures 5) for 60 s"]);
  for (const { took } of await askBoth(pair.proxy)) t.ok(took < 500, `after ${took} ms`);
});

t.test(
  "an endpoint that freezes with a request, right after it answered another one, is noticed",
  async (t) => {
    const pair = await startKnown(t);
    pair.delay = 400;
    const early = askBoth(pair.proxy);
    await until(() => pair.first.requests.length === 31);
    pair.delay = null;
    const late = await askBoth(pair.proxy);
    t.same(
      late.map(({ body }) => body),
      ["second", "second"],
    );
    t.ok(Math.max(...late.map(({ took }) => took)) < 2500);
    t.same((await early).map(({ body }) => body).sort(), ["first", "second"]);
  },
);

t.test("an endpoint that comes to need 2 s for every request is not taken for dead", async (t) => {
  for (const atOnce of [1, 2]) {
    const pair = await startKnown(t);
    pair.delay = 2000;
    const run = async () => {
      for (let i = 0; i < 3; i++) for (const { status } of await askBoth(pair.proxy)) t.equal(status, 200);
    };
    await Promise.all(Array.from({ length: atOnce }, run));
    t.same(pair.proxy.log.lines, []);
    const bodies = (await askBoth(pair.proxy)).map(({ body }) => body).sort();
    t.same(bodies, ["first", "second"], "it is given the time that it needs");
  }
});

t.test("what may not be sent twice stays where it is", async (t) => {
  const pair = await startKnown(t);
  pair.delay = null;
  const clients = await Promise.all([pair.proxy.connect(), pair.proxy.connect()]);
  for (const client of clients) client.write(post);
  await until(() => clients.some(({ received }) => received > 0));
  await sleep(1500);
  t.equal(clients.filter(({ received }) => received > 0).length, 1);
  t.equal(pair.second.requests.filter(({ startLine }) => startLine.startsWith("POST")).length, 1);
});

t.test("nothing is sent twice where timeouts are not tried again", async (t) => {
  const pair = await startKnown(t, retrying({ on: ["connect", "reset"] }));
  pair.delay = null;
  const clients = await Promise.all([pair.proxy.connect(), pair.proxy.connect()]);
  for (const client of clients) client.write(get());
  await sleep(1500);
  t.equal(clients.filter(({ received }) => received > 0).length, 1);
});

t.test("clients that give up teach that an endpoint is frozen", async (t) => {
  const pair = await startKnown(t);
  pair.delay = null;
  for (let i = 0; i < 5; i++) {
    const clients = await Promise.all([pair.proxy.connect(), pair.proxy.connect()]);
    for (const client of clients) client.write(post);
    await sleep(1150);
    for (const client of clients) client.socket.destroy();
    await pair.proxy.record(60 + 2 * (i + 1));
  }
  t.match(pair.proxy.log.lines, ["warn endpoint ejected (consecutive_failures 5) for 60 s"]);
});

t.test("clients that give up early teach nothing", async (t) => {
  const pair = await startKnown(t);
  pair.delay = 1000;
  for (let i = 0; i < 8; i++) {
    const clients = await Promise.all([pair.proxy.connect(), pair.proxy.connect()]);
    for (const client of clients) client.write(post);
    await sleep(300);
    for (const client of clients) client.socket.destroy();
  }
  t.same(pair.proxy.log.lines, []);
});
