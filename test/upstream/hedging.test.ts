/** A second attempt beside one that takes long. */
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import type { HedgeConfig } from "../../core/config/traffic-model.ts";
import { until } from "../net/until.ts";
import { type GatewaySettings, get, startGateway, type TestGateway } from "../support/gateway.ts";
import { nothingHeld, untilNothingHeld } from "../support/holdings.ts";
import { type Answer, ok } from "../support/raw-upstream.ts";
import {
  answerOf,
  askTimes,
  type CountingUpstream,
  ejecting,
  isSilent,
  resets,
  retrying,
  startCounting,
} from "./endpoints.ts";

t.setTimeout(60_000);

const hedge: HedgeConfig = { percentile: 0.9, least: 20 };
const after = (ms: number, answer: string) => () => sleep(ms, answer);

interface Pair {
  readonly first: CountingUpstream;
  readonly second: CountingUpstream;
  readonly proxy: TestGateway;
  /** Of the request that comes first. */
  nextRecord(): ReturnType<TestGateway["record"]>;
  /** Second attempts since then, those that won, and retries. */
  hedges(): readonly [sent: number, won: number, retries: number];
}

/** Two endpoints that have answered enough for a percentile, and what they do with /slow, which the first one gets. */
async function startPair(
  t: Test,
  slow: Answer,
  beside: Answer = () => ok("second"),
  settings: GatewaySettings = {},
): Promise<Pair> {
  const start = (name: string, answer: Answer) =>
    startCounting(t, (request, peer) =>
      request.startLine.includes("/slow") ? answer(request, peer) : ok(name),
    );
  const [first, second] = [await start("first", slow), await start("second", beside)];
  const proxy = await startGateway(t, [first.address, second.address], {
    cluster: { outlier: ejecting({ consecutiveFailures: 1 }) },
    clusterTimeouts: { poolIdle: 200 },
    route: { retry: retrying({ hedge, attempts: 1 }) },
    ...settings,
  });
  await askTimes(proxy, 40);
  let asked = 40;
  // On a busy machine some of these were hedged, and the turn is another one's.
  for (let before = -1; before !== second.requests.length - 1; asked++) {
    before = second.requests.length;
    await proxy.ask(get());
  }
  const count = () => {
    const { hedges, hedgesWon, retries } = proxy.metrics.snapshot().clusters[0]!;
    return [hedges, hedgesWon, retries] as const;
  };
  const [sent, won, retries] = count();
  return {
    ...{ first, second, proxy },
    nextRecord: () => proxy.record(asked + 1),
    hedges: () => [count()[0] - sent, count()[1] - won, count()[2] - retries],
  };
}

t.test(
  "a request that takes long is sent to another endpoint too, and the first answer counts",
  async (t) => {
    const { second, proxy, nextRecord, hedges } = await startPair(t, after(1000, ok("first")));
    const start = performance.now();
    t.match(await proxy.ask(get("/slow")), { status: 200, body: "second" });
    const took = performance.now() - start;
    t.ok(took >= 19 && took < 500, `after ${took} ms`);
    t.same(hedges(), [1, 1, 1]);
    t.match(await nextRecord(), { attempts: 2, status: 200, error: null });
    t.equal(second.requests.filter(({ startLine }) => startLine.includes("/slow")).length, 1);
    t.same(proxy.log.lines, [], "nobody is blamed");
    t.same(await untilNothingHeld(proxy, 6000), nothingHeld);
  },
);

t.test("the connection of the one that lost is closed at once", async (t) => {
  const { first, proxy } = await startPair(t, isSilent);
  t.match(await proxy.ask(get("/slow")), { status: 200, body: "second" });
  const { socket } = first.connections.at(-1)!;
  await until(() => socket.readableEnded || socket.destroyed);
  t.equal((await proxy.ask(get())).status, 200);
});

t.test("where the first one answers after all, the one beside it is given up", async (t) => {
  const { second, proxy, nextRecord, hedges } = await startPair(t, after(200, ok("first")), isSilent);
  t.match(await proxy.ask(get("/slow")), { status: 200, body: "first" });
  const { socket } = second.connections.at(-1)!;
  await until(() => socket.readableEnded || socket.destroyed);
  t.same(hedges(), [1, 0, 1]);
  t.match(await nextRecord(), { attempts: 2, status: 200, error: null });
  t.same(proxy.log.lines, [], "nobody is blamed");
  t.same(await untilNothingHeld(proxy, 6000), nothingHeld);
});

t.test("what may not be sent twice is not", async (t) => {
  const { proxy, hedges } = await startPair(t, after(300, ok("first")));
  const request = "POST /slow HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n\r\nx";
  t.match(await proxy.ask(request), { status: 200, body: "first" });
  t.same(hedges(), [0, 0, 0]);
});

t.test("a body that the client is still sending goes to one endpoint only", async (t) => {
  const { first, proxy, hedges } = await startPair(t, () => ok("first"));
  const client = await proxy.connect();
  client.write("PUT /slow HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nab");
  await sleep(200);
  t.same(hedges(), [0, 0, 0]);
  client.write("cd");
  await until(() => client.received > 0);
  t.match(first.requests.at(-1), { body: "abcd" });
});

t.test("a body that is here is sent to both", async (t) => {
  const { first, second, proxy } = await startPair(t, after(300, ok("first")));
  const request = "PUT /slow HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nabcd";
  t.match(await proxy.ask(request), { status: 200, body: "second" });
  for (const { requests } of [first, second]) t.match(requests.at(-1), { body: "abcd" });
});

t.test("the budget of retries holds for it", async (t) => {
  const { proxy, hedges } = await startPair(t, after(300, ok("first")), isSilent, {
    cluster: { retryBudget: { ratio: 0, minimum: 0 } },
  });
  t.match(await proxy.ask(get("/slow")), { status: 200, body: "first" });
  t.same(hedges(), [0, 0, 0]);
});

t.test("so does the number of attempts", async (t) => {
  const { proxy, hedges } = await startPair(t, after(300, ok("first")), isSilent, {
    route: { retry: retrying({ hedge, attempts: 0 }) },
  });
  t.match(await proxy.ask(get("/slow")), { status: 200, body: "first" });
  t.same(hedges(), [0, 0, 0]);
});

t.test("when the first one fails, the one beside it goes on", async (t) => {
  for (const failure of [after(100, answerOf(503, "down")), resetsAfter(100)]) {
    const { proxy, nextRecord } = await startPair(t, failure, after(300, ok("patient")));
    t.match(await proxy.ask(get("/slow")), { status: 200, body: "patient" });
    t.match(await nextRecord(), { attempts: 2, error: null });
    t.same(await untilNothingHeld(proxy, 6000), nothingHeld);
  }
});

t.test("when the one beside it fails, the first one goes on", async (t) => {
  for (const failure of [() => answerOf(503, "down"), resets]) {
    const { proxy, nextRecord } = await startPair(t, after(300, ok("patient")), failure);
    t.match(await proxy.ask(get("/slow")), { status: 200, body: "patient" });
    t.match(await nextRecord(), { attempts: 2, error: null });
    t.same(await untilNothingHeld(proxy, 6000), nothingHeld);
  }
});

t.test("when both fail, the client is told what the last one said", async (t) => {
  const { proxy } = await startPair(t, after(100, answerOf(503, "one")), after(200, answerOf(503, "two")));
  t.match(await proxy.ask(get("/slow")), { status: 503, body: "two" });
  t.same(await untilNothingHeld(proxy, 6000), nothingHeld);
});

t.test("a client that leaves takes both along", async (t) => {
  const { second, proxy, nextRecord } = await startPair(t, isSilent, isSilent);
  const client = await proxy.connect();
  client.write(get("/slow"));
  await until(() => second.requests.some(({ startLine }) => startLine.includes("/slow")));
  client.socket.destroy();
  t.same(await untilNothingHeld(proxy, 6000), nothingHeld);
  t.match(await nextRecord(), { attempts: 2, status: 499 });
});

t.test("a response that has begun with an interim one is not overtaken", async (t) => {
  const hint = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  const { second, proxy, nextRecord } = await startPair(t, after(300, ok("first")), (_request, peer) => {
    peer.write(hint);
    return sleep(500, ok("hinted"));
  });
  const client = await proxy.connect();
  client.write(get("/slow", "Connection: close"));
  await nextRecord();
  const answered = await client.takeRest();
  t.match(answered, /^HTTP\/1.1 103 /);
  t.match(answered, /hinted$/);
  t.equal(second.requests.filter(({ startLine }) => startLine.includes("/slow")).length, 1);
});

t.test("an endpoint that froze is left out, though others answer for it soon", async (t) => {
  const { first, proxy } = await startPair(t, isSilent, () => ok("second"), {
    cluster: { outlier: ejecting(), retryBudget: { ratio: 1, minimum: 10 } },
    route: { retry: retrying({ hedge }) },
  });
  const asked = performance.now();
  while (proxy.log.lines.length === 0 && performance.now() - asked < 15_000) {
    t.equal((await proxy.ask(get("/slow"))).status, 200);
    await sleep(50);
  }
  t.match(proxy.log.lines, ["warn endpoint ejected (consecutive_failures 5) for 60 s"]);
  const { length } = first.requests;
  for (let i = 0; i < 4; i++) await proxy.ask(get("/slow"));
  t.equal(first.requests.length, length);
});

t.test("an endpoint that always loses is not left out for it", async (t) => {
  const { proxy } = await startPair(t, after(200, ok("first")), () => ok("second"), {
    cluster: { outlier: ejecting({ consecutiveFailures: 2 }), retryBudget: { ratio: 1, minimum: 10 } },
    route: { retry: retrying({ hedge }) },
  });
  const end = performance.now() + 4000;
  while (performance.now() < end) {
    t.equal((await proxy.ask(get("/slow"))).status, 200);
    await sleep(100);
  }
  t.same(proxy.log.lines, []);
});

t.test("with an endpoint that is slow in 5 % of its answers hedging takes the tail away", async (t) => {
  const tail = async (settings: GatewaySettings) => {
    let asked = 0;
    const slow = await startCounting(t, () => (++asked % 20 === 0 ? sleep(250, ok()) : ok()));
    const good = await startCounting(t, () => ok());
    const proxy = await startGateway(t, [slow.address, good.address], settings);
    const times: number[] = [];
    const run = async () => {
      for (let i = 0; i < 150; i++) {
        const start = performance.now();
        t.equal((await proxy.ask(get())).status, 200);
        times.push(performance.now() - start);
      }
    };
    await Promise.all([run(), run()]);
    const sent = (slow.requests.length + good.requests.length) / times.length;
    // 2.5 % of all are slow, and those before anything is known are not hedged.
    return { sent, late: times.sort((a, b) => a - b)[Math.floor(times.length * 0.985)]! };
  };
  const without = await tail({ route: { retry: retrying() } });
  const hedged = await tail({ route: { retry: retrying({ hedge: { percentile: 0.95, least: 20 } }) } });
  t.comment(JSON.stringify({ without, hedged }));
  t.ok(without.late >= 245, `without: ${without.late} ms`);
  t.ok(hedged.late < 200, `hedged: ${hedged.late} ms`);
  t.ok(hedged.sent <= 1.1, `${hedged.sent} attempts a request`);
});

t.test("without a route that hedges nothing is measured", async (t) => {
  const { proxy } = await startPair(t, isSilent, isSilent, { route: { retry: retrying() } });
  for (const { latencies } of proxy.gateway.generation.clusters.values()) t.equal(latencies, null);
});

function resetsAfter(ms: number): Answer {
  return async (request, peer) => {
    await sleep(ms);
    return resets(request, peer);
  };
}
