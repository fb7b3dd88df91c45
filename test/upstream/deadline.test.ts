/** How long a request may take, in one attempt and in all of them. */
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import { get, startGateway } from "../support/gateway.ts";
import { untilNothingHeld } from "../support/holdings.ts";
import { field, type Message, readHead } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import { answerOf, isSilent, resets, retrying, startCounting } from "./endpoints.ts";

async function timed(response: Promise<Message>): Promise<{ response: Message; took: number }> {
  const start = performance.now();
  return { response: await response, took: performance.now() - start };
}

function isDeadline(
  test: Test,
  { response, took }: { response: Message; took: number },
  timeout: number,
): void {
  test.equal(response.status, 504);
  test.match(JSON.parse(response.body), { code: "deadline_exceeded" });
  test.match(field(response, "proxy-status"), /error=http_response_timeout; details="deadline_exceeded"/);
  test.ok(took >= timeout - 5 && took < timeout + 700, `after ${took} ms`);
}

t.test("a request that no endpoint answers ends at the time of its route", async (t) => {
  const silent = await startCounting(t, isSilent);
  const proxy = await startGateway(t, silent.address, { route: { timeout: 300 } });
  isDeadline(t, await timed(proxy.ask(get())), 300);
  t.match(await proxy.record(1), { status: 504, error: "deadline_exceeded", attempts: 1 });
  t.match(await untilNothingHeld(proxy, 2000), { requestsInFlight: 0, upstreamConnections: 0, timers: 0 });
});

t.test("an attempt ends at its own time and another endpoint answers", async (t) => {
  const silent = await startCounting(t, isSilent);
  const good = await startCounting(t, () => ok("good"));
  const proxy = await startGateway(t, [silent.address, good.address], {
    route: { retry: retrying({ perTry: 200 }) },
  });
  const { response, took } = await timed(proxy.ask(get()));
  t.match(response, { status: 200, body: "good" });
  t.ok(took >= 195 && took < 1000, `after ${took} ms`);
  t.equal(silent.requests.length, 1);
  t.match(await proxy.record(1), { attempts: 2, error: null });
});

t.test("attempts that all take their time end with that of the last one", async (t) => {
  const endpoints = await Promise.all([0, 1, 2, 3].map(() => startCounting(t, isSilent)));
  const addresses = endpoints.map(({ address }) => address);
  const proxy = await startGateway(t, addresses, { route: { retry: retrying({ perTry: 100 }) } });
  const { response, took } = await timed(proxy.ask(get()));
  t.equal(response.status, 504);
  t.ok(took >= 295 && took < 1500, `after ${took} ms`);
  t.match(await proxy.record(1), { attempts: 3, error: "response_head_timeout" });
});

t.test("the time of the route bounds all attempts together", async (t) => {
  const endpoints = await Promise.all(Array.from({ length: 9 }, () => startCounting(t, isSilent)));
  const addresses = endpoints.map(({ address }) => address);
  const proxy = await startGateway(t, addresses, {
    cluster: { retryBudget: { ratio: 1, minimum: 10 } },
    route: { timeout: 700, retry: retrying({ attempts: 8, perTry: 200 }) },
  });
  const { response, took } = await timed(proxy.ask(get()));
  t.equal(response.status, 504);
  t.ok(took < 700 + 700, `after ${took} ms, where nine attempts take 1800`);
  const { attempts } = await proxy.record(1);
  t.ok(attempts >= 2 && attempts <= 4, `${attempts} attempts`);
});

t.test("a pause that leaves no time is not waited for: the client gets what there was", async (t) => {
  const busy = await startCounting(t, () => answerOf(503, "busy", "Retry-After: 2"));
  const proxy = await startGateway(t, busy.address, { route: { timeout: 500, retry: retrying() } });
  const { response, took } = await timed(proxy.ask(get()));
  t.match(response, { status: 503, body: "busy" });
  t.ok(took < 450, `after ${took} ms`);
});

t.test("no pause lasts longer than the time of the route", async (t) => {
  const endpoints = await Promise.all([0, 1].map(() => startCounting(t, resets)));
  const addresses = endpoints.map(({ address }) => address);
  const retry = retrying({ backoff: { base: 1500, longest: 1500 } });
  const proxy = await startGateway(t, addresses, { route: { timeout: 300, retry } });
  const asked = await Promise.all(Array.from({ length: 10 }, () => timed(proxy.ask(get()))));
  for (const { response, took } of asked) {
    t.ok([502, 504].includes(response.status));
    t.ok(took < 300 + 700, `after ${took} ms`);
  }
  t.match(await untilNothingHeld(proxy, 2000), { requestsInFlight: 0, endpointRequests: 0 });
});

t.test("a request that waits for a connection ends at the time of its route", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, {
    cluster: { maxConnections: 1 },
    route: { timeout: 400, retry: retrying() },
  });
  const client = await proxy.connect();
  client.write(get("/long"));
  const { peer } = await upstream.request();
  peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ");
  t.equal((await readHead(client)).status, 200);
  isDeadline(t, await timed(proxy.ask(get("/waits"))), 400);
  t.match(await proxy.record(1), { path: "/waits", attempts: 0, error: "deadline_exceeded" });
  peer.write("whole");
  t.equal(await client.takeLength(10), "half whole", "what has begun goes on beyond the time");
  t.equal(upstream.connections.length, 1, "nothing was sent for the other one");
});

t.test("a body that comes slowly behind its head is no failure of the time", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, {
    route: { timeout: 200, retry: retrying({ perTry: 100 }) },
  });
  const answer = proxy.ask(get());
  const { peer } = await upstream.request();
  peer.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
  for (const part of ["one", "two", "six"]) {
    await sleep(150);
    peer.write(part);
  }
  t.match(await answer, { status: 200, body: "onetwosix" });
  t.match(await proxy.record(1), { attempts: 1, error: null });
});

t.test("the time of one request is not that of the next one on its connection", async (t) => {
  const upstream = await startCounting(t, () => ok());
  const proxy = await startGateway(t, upstream.address, { route: { timeout: 200 } });
  const client = await proxy.connect();
  for (let i = 0; i < 4; i++) {
    client.write(get());
    t.equal((await readHead(client)).status, 200);
    await sleep(120);
  }
  t.ok(client.isOpen);
});
