/** A request that failed at one endpoint goes to another one, where that is right. */
import t, { type Test } from "tap";
import type { RetryConfig } from "../../core/config/traffic-model.ts";
import { until } from "../net/until.ts";
import { get, startGateway, type TestGateway } from "../support/gateway.ts";
import { holdingsOf, nothingHeld, untilNothingHeld } from "../support/holdings.ts";
import { field, readMessage } from "../support/message.ts";
import { type Answer, ok } from "../support/raw-upstream.ts";
import {
  answerOf,
  type CountingUpstream,
  countsOf,
  refusing,
  resets,
  retrying,
  startCounting,
} from "./endpoints.ts";

function request(method: string, body: string, ...fields: string[]): string {
  const lines = [`${method} / HTTP/1.1`, "Host: a", ...fields, `Content-Length: ${body.length}`];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

interface Pair {
  readonly bad: CountingUpstream;
  readonly good: CountingUpstream;
  readonly proxy: TestGateway;
}

/** Two endpoints, the first of which is asked first. */
async function startPair(t: Test, first: Answer, retry: Partial<RetryConfig> = {}): Promise<Pair> {
  const bad = await startCounting(t, first);
  const good = await startCounting(t, ({ startLine, body }) =>
    startLine.startsWith("HEAD") ? ok() : ok(`good ${body}`),
  );
  const proxy = await startGateway(t, [bad.address, good.address], { route: { retry: retrying(retry) } });
  return { bad, good, proxy };
}

for (const method of ["GET", "POST", "PATCH", "PUT", "DELETE", "REPORT"]) {
  t.test(`${method} goes elsewhere when an endpoint refuses the connection`, async (t) => {
    const good = await startCounting(t, ({ body }) => ok(`good ${body}`));
    const endpoints = [await refusing(), good.address];
    const proxy = await startGateway(t, endpoints, { route: { retry: retrying() } });
    t.match(await proxy.ask(request(method, "body")), { status: 200, body: "good body" });
    t.match(await proxy.record(1), { status: 200, attempts: 2, error: null });
    t.equal(good.requests.length, 1);
  });
}

for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]) {
  t.test(`${method} goes elsewhere when the connection is reset behind it`, async (t) => {
    const { bad, good, proxy } = await startPair(t, resets);
    const sent = method === "HEAD" ? "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" : request(method, "body");
    t.equal((await proxy.ask(sent)).status, 200);
    t.equal(bad.requests.length, 1);
    t.equal(good.requests.length, 1);
    t.same(good.requests[0], bad.requests[0], "the same request, X-Request-Id too");
    t.match(await proxy.record(1), { attempts: 2, error: null });
  });
}

for (const method of ["POST", "PATCH", "REPORT"]) {
  t.test(`${method} goes nowhere else when the connection is reset behind it`, async (t) => {
    const { good, proxy } = await startPair(t, resets);
    t.equal((await proxy.ask(request(method, "body"))).status, 502);
    t.equal(good.requests.length, 0);
    t.match(await proxy.record(1), { attempts: 1, error: "upstream_closed" });
  });

  t.test(`${method} with Idempotency-Key goes elsewhere after a reset`, async (t) => {
    const { bad, good, proxy } = await startPair(t, resets);
    t.match(await proxy.ask(request(method, "body", "Idempotency-Key: 1")), {
      status: 200,
      body: "good body",
    });
    t.same([bad.requests.length, good.requests.length], [1, 1]);
    t.equal(field(good.requests[0]!, "idempotency-key"), "1");
  });

  t.test(`${method} goes elsewhere after a reset where the route allows it for any method`, async (t) => {
    const { good, proxy } = await startPair(t, resets, { anyMethod: true });
    t.match(await proxy.ask(request(method, "body")), { status: 200, body: "good body" });
    t.equal(good.requests.length, 1);
  });
}

t.test("nothing goes elsewhere on a route without retries", async (t) => {
  const good = await startCounting(t, () => ok());
  const proxy = await startGateway(t, [await refusing(), good.address]);
  t.equal((await proxy.ask(get())).status, 502);
  t.match(await proxy.record(1), { attempts: 1, error: "connect_refused" });
});

t.test("a failure that the route does not name is not tried again", async (t) => {
  const { good, proxy } = await startPair(t, resets, { on: ["connect"] });
  t.equal((await proxy.ask(get())).status, 502);
  t.equal(good.requests.length, 0);
});

t.test("a 503 is tried elsewhere, and the client sees the good answer alone", async (t) => {
  const { bad, good, proxy } = await startPair(t, () => answerOf(503, "bad", "X-Bad: yes"));
  const client = await proxy.connect();
  client.write(get("/", "Connection: close"));
  const text = await client.takeRest();
  t.match(text, /^HTTP\/1\.1 200 OK\r\n/);
  t.match(text, /\r\n\r\ngood $/);
  t.notMatch(text, /bad|503/i);
  t.same([bad.requests.length, good.requests.length], [1, 1]);
  t.match(await proxy.record(1), { status: 200, attempts: 2, error: null });
});

t.test("the body of a 503 that is tried elsewhere may be long, or never end", async (t) => {
  for (const bad of [
    answerOf(503, "x".repeat(200_000)),
    "HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "HTTP/1.1 503 No\r\n\r\nuntil close",
  ]) {
    const { proxy, good } = await startPair(t, () => bad);
    const client = await proxy.connect();
    for (let i = 0; i < 4; i++) {
      client.write(get());
      t.match(await readMessage(client), { status: 200, body: "good " }, "on one connection of the client");
    }
    t.equal(good.requests.length, 4);
  }
});

t.test("a 503 by all endpoints ends with that of the last one, its body whole", async (t) => {
  const long = "y".repeat(300_000);
  const endpoints = await Promise.all(
    [0, 1, 2].map((i) => startCounting(t, () => answerOf(503, `${i}${long}`, `X-Number: ${i}`))),
  );
  const addresses = endpoints.map(({ address }) => address);
  const proxy = await startGateway(t, addresses, { route: { retry: retrying() } });
  const response = await proxy.ask(get());
  t.equal(response.status, 503);
  t.equal(field(response, "x-number"), "2");
  t.equal(response.body, `2${long}`);
  t.same(
    endpoints.map(({ requests }) => requests.length),
    [1, 1, 1],
    "each was asked once",
  );
  t.match(await proxy.record(1), { status: 503, attempts: 3, error: null });
});

t.test("Retry-After of a 503 is for that endpoint: another one is asked at once", async (t) => {
  const { proxy } = await startPair(t, () => answerOf(503, "", "Retry-After: 2"));
  const start = performance.now();
  t.equal((await proxy.ask(get())).status, 200);
  t.ok(performance.now() - start < 1500);
});

t.test("the only endpoint is asked again when it said so, and not before", async (t) => {
  const times: number[] = [];
  const only = await startCounting(t, () => {
    times.push(performance.now());
    return times.length === 1 ? answerOf(503, "", "Retry-After: 1") : ok("later");
  });
  const proxy = await startGateway(t, only.address, { route: { retry: retrying() } });
  t.match(await proxy.ask(get()), { status: 200, body: "later" });
  const [first, second] = times as [number, number];
  t.ok(second - first >= 995, `${second - first} ms later`);
});

t.test("a Retry-After of a 429 is waited for elsewhere too: it speaks of the client", async (t) => {
  const { proxy } = await startPair(t, () => answerOf(429, "", "Retry-After: 1"), { on: ["429"] });
  const start = performance.now();
  t.equal((await proxy.ask(get())).status, 200);
  t.ok(performance.now() - start >= 995);
});

t.test("a long Retry-After goes to the client, who may wait itself", async (t) => {
  const { good, proxy } = await startPair(t, () => answerOf(429, "slow down", "Retry-After: 60"), {
    on: ["429"],
  });
  const response = await proxy.ask(get());
  t.match(response, { status: 429, body: "slow down" });
  t.equal(field(response, "retry-after"), "60");
  t.equal(good.requests.length, 0);
});

t.test("no more attempts are made than the route allows, each at another endpoint", async (t) => {
  for (const attempts of [0, 1, 3]) {
    const endpoints = await Promise.all(Array.from({ length: 5 }, () => startCounting(t, resets)));
    const addresses = endpoints.map(({ address }) => address);
    const cluster = { retryBudget: { ratio: 1, minimum: 10 } };
    const proxy = await startGateway(t, addresses, { cluster, route: { retry: retrying({ attempts }) } });
    t.equal((await proxy.ask(get())).status, 502);
    const counts = countsOf(endpoints);
    t.equal(counts.filter((count) => count === 1).length, attempts + 1);
    t.equal(Math.max(...counts), 1);
    const record = await proxy.record(1);
    t.match(record, { attempts: attempts + 1, error: "upstream_closed", status: 502 });
  }
});

t.test("the access record names the endpoint that answered", async (t) => {
  const { good, proxy } = await startPair(t, resets);
  await proxy.ask(get());
  const { port } = good.address as { port: number };
  t.match(await proxy.record(1), { attempts: 2, upstream: `127.0.0.1:${port}` });
});

t.test("nothing is tried again after a byte of the response reached the client", async (t) => {
  for (const part of [
    "HTTP/1.1 103 Early Hints\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal",
  ]) {
    const { good, proxy } = await startPair(t, async (_request, peer) => {
      peer.write(part);
      await new Promise((resolve) => setTimeout(resolve, 50));
      peer.reset();
      return null;
    });
    const client = await proxy.connect();
    client.write(get("/", "Connection: close"));
    await client.take("\r\n\r\n");
    await client.takeRest();
    t.equal(good.requests.length, 0);
    t.match(await proxy.record(1), { attempts: 1 });
  }
});

t.test("a malformed response is not asked for again", async (t) => {
  const { good, proxy } = await startPair(t, () => "HTTP/1.1 2000 Nonsense\r\n\r\n");
  t.equal((await proxy.ask(get())).status, 502);
  t.equal(good.requests.length, 0);
});

t.test("a client that leaves during a pause leaves nothing", async (t) => {
  const bad = await startCounting(t, resets);
  const other = await startCounting(t, () => ok("", "Connection: close"));
  const retry = retrying({ backoff: { base: 60_000, longest: 60_000 } });
  const proxy = await startGateway(t, [bad.address, other.address], { route: { retry } });
  const clients = await Promise.all(Array.from({ length: 8 }, () => proxy.connect()));
  for (const client of clients) client.write(get());
  await until(() => bad.requests.length >= 4);
  await until(() => holdingsOf(proxy).requestsInFlight <= 4);
  for (const client of clients) client.reset();
  await until(() => proxy.records.length === 8);
  t.same(await untilNothingHeld(proxy, 3000), nothingHeld);
  t.equal(bad.requests.length + other.requests.length, 8, "nothing was sent after they had left");
});
