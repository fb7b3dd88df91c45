/** Copies of requests for other clusters. */
import t, { type Test } from "tap";
import { until } from "../net/until.ts";
import { get } from "../support/gateway.ts";
import { holdingsOf, untilNothingHeld } from "../support/holdings.ts";
import { field, type Message, readMessage } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import {
  answerOf,
  ejecting,
  isSilent,
  refusing,
  resets,
  retrying,
  startCounting,
} from "../upstream/endpoints.ts";
import { startMirrored } from "./mirrors.ts";

const others = (message: Message) =>
  message.fields.filter(([name]) => name !== "X-Sluice-Mirror").map((line) => line.join(": "));

async function pair(t: Test, answer = () => ok("copy")) {
  const [main, copies] = [await startCounting(t, () => ok("real")), await startCounting(t, answer)];
  return { main, copies };
}

t.test("a copy is the request as it went to the endpoint, and a mark", async (t) => {
  const { main, copies } = await pair(t);
  const proxy = await startMirrored(t, main.address, copies.address);
  const request = get("/a?b=c", "X-One: 1", "Connection: x-hop", "X-Hop: 1", "Keep-Alive: 5", "TE: trailers");
  const reply = await proxy.ask(request);
  t.match(reply, { status: 200, body: "real" });
  await until(() => copies.requests.length === 1);
  const [sent, copied] = [main.requests[0]!, copies.requests[0]!];
  t.equal(copied.startLine, "GET /a?b=c HTTP/1.1");
  t.same(others(copied), others(sent), "the same fields, Host and X-Request-Id among them");
  t.equal(field(copied, "host"), "a.test");
  t.equal(field(copied, "x-sluice-mirror"), "upstream");
  t.equal(field(sent, "x-sluice-mirror"), null);
  t.equal(field(copied, "x-hop"), null);
  t.same(proxy.counted(), { sent: 1, dropped: [], failed: [] });
});

t.test("a body is copied as it is framed, however it comes", async (t) => {
  const trailers = "5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nX-Sum: 6\r\n\r\n";
  const requests: readonly (readonly [string, string, object?])[] = [
    ["Content-Length: 6", "hello!"],
    ["Transfer-Encoding: chunked", trailers, { trailers: [["X-Sum", "6"]] }],
    ["Content-Length: 0", "", { body: "" }],
    ["Transfer-Encoding: chunked", "0\r\n\r\n", { body: "" }],
  ];
  const { main, copies } = await pair(t);
  const proxy = await startMirrored(t, main.address, copies.address);
  for (const [framing, body, expected] of requests) {
    for (const step of [1, 3, 1000]) {
      const before = copies.requests.length;
      const client = await proxy.connect();
      client.write(`POST / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`);
      for (let at = 0; at < body.length; at += step) {
        client.write(body.slice(at, at + step));
        await new Promise(setImmediate);
      }
      t.match(await readMessage(client), { status: 200, body: "real" });
      await until(() => copies.requests.length > before);
      t.match(copies.requests.at(-1), { body: "hello!", ...expected }, `${framing} by ${step}`);
      t.same(others(copies.requests.at(-1)!), others(main.requests.at(-1)!));
      client.close();
    }
  }
  t.same(proxy.counted(), { sent: 12, dropped: [], failed: [] });
});

t.test("a copy that is whole expects no 100", async (t) => {
  const main = await startUpstream(t);
  const copies = await startCounting(t, () => ok());
  const proxy = await startMirrored(t, main.address, copies.address);
  const client = await proxy.connect();
  client.write("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  const peer = await main.connection();
  t.match(await peer.take("\r\n\r\n"), "Expect: 100-continue");
  peer.write("HTTP/1.1 100 Continue\r\n\r\n");
  await client.take("\r\n\r\n");
  client.write("ok");
  await peer.take("ok");
  peer.write(ok());
  t.equal((await readMessage(client)).status, 200);
  await until(() => copies.requests.length === 1);
  t.match(copies.requests[0], { body: "ok" });
  t.equal(field(copies.requests[0]!, "expect"), null);
});

t.test("what a mirror answers reaches nobody, and its connection is used again", async (t) => {
  const answers = [
    answerOf(500, "boom"),
    "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    ok("x".repeat(100_000)),
  ];
  let n = 0;
  const { main, copies } = await pair(t, () => answers[n++ % answers.length]!);
  const proxy = await startMirrored(t, main.address, copies.address);
  for (let i = 1; i <= 12; i++) {
    t.match(await proxy.ask(get()), { status: 200, body: "real" });
    await until(() => proxy.connections().idle === 1);
  }
  t.equal(copies.connections.length, 1);
  t.same(proxy.counted(), { sent: 12, dropped: [], failed: [] });
});

t.test("HEAD is copied, and its answer has no body", async (t) => {
  const main = await startCounting(t, () => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  const copies = await startCounting(t, () => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  const proxy = await startMirrored(t, main.address, copies.address);
  for (let i = 1; i <= 3; i++) {
    await proxy.ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    await until(() => proxy.connections().idle === 1);
  }
  t.equal(copies.connections.length, 1);
});

t.test("a mirror that never answers slows nobody, and what is over its limit is counted", async (t) => {
  const main = await startCounting(t, () => ok("real"));
  const copies = await startCounting(t, isSilent);
  const proxy = await startMirrored(t, main.address, copies.address, { maxInFlight: 3, timeout: 60_000 });
  for (let i = 0; i < 10; i++) t.match(await proxy.ask(get()), { status: 200, body: "real" });
  await until(() => copies.requests.length === 3);
  t.same(proxy.counted(), { sent: 3, dropped: [{ reason: "in_flight", count: 7 }], failed: [] });
});

t.test("a copy that takes too long ends, and its place is free again", async (t) => {
  const main = await startCounting(t, () => ok("real"));
  const copies = await startCounting(t, isSilent);
  const proxy = await startMirrored(t, main.address, copies.address, { maxInFlight: 1, timeout: 100 });
  for (let i = 1; i <= 3; i++) {
    await proxy.ask(get());
    await until(() => proxy.counted().failed[0]?.count === i);
    t.equal(proxy.connections().open, 0, "its connection is closed");
  }
  t.same(proxy.counted(), {
    sent: 3,
    dropped: [],
    failed: [{ reason: "response_head_timeout", count: 3 }],
  });
});

t.test("a copy that waits for a connection waits no longer than a copy may take", async (t) => {
  const main = await startCounting(t, () => ok("real"));
  const copies = await startCounting(t, isSilent);
  const proxy = await startMirrored(t, main.address, copies.address, {
    timeout: 100,
    of: { maxConnections: 1 },
  });
  await Promise.all([proxy.ask(get()), proxy.ask(get())]);
  await until(() => proxy.counted().failed.reduce((sum, { count }) => sum + count, 0) === 2);
  t.match(holdingsOf(proxy), { endpointRequests: 0, pending: 0 });
});

t.test("a mirror that nobody serves is counted, and no client hears of it", async (t) => {
  const main = await startCounting(t, () => ok("real"));
  const proxy = await startMirrored(t, main.address, await refusing());
  t.match(await proxy.ask(get()), { status: 200, body: "real" });
  await until(() => proxy.counted().failed.length > 0);
  t.same(proxy.counted(), { sent: 0, dropped: [], failed: [{ reason: "connect_refused", count: 1 }] });
  t.match(await proxy.record(1), { error: null, attempts: 1 });
});

for (const [title, answer, code] of [
  ["switches protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "upgrade_unexpected"],
  ["speaks something else", "what?\r\n\r\n", "start_line_malformed"],
  [
    "frames its answer twice",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "framing_ambiguous",
  ],
  ["sends interim answers for ever", "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(40), "interim_flood"],
] as const) {
  t.test(`a mirror that ${title} is counted and loses its connection`, async (t) => {
    const { main, copies } = await pair(t, () => answer);
    const proxy = await startMirrored(t, main.address, copies.address);
    t.match(await proxy.ask(get()), { status: 200, body: "real" });
    await until(() => proxy.counted().failed.length > 0);
    t.same(proxy.counted().failed, [{ reason: code, count: 1 }]);
    await until(() => proxy.connections().open === 0);
  });
}

t.test("an answer that does not end is read no further than is worth it", async (t) => {
  const { main } = await pair(t);
  const copies = await startUpstream(t);
  const proxy = await startMirrored(t, main.address, copies.address, { timeout: 60_000 });
  await proxy.ask(get());
  const { peer } = await copies.request();
  peer.write("HTTP/1.1 200 OK\r\n\r\n");
  const more = setInterval(() => peer.socket.writable && peer.write("x".repeat(100_000)), 1);
  t.teardown(() => clearInterval(more));
  await peer.ended();
  t.same(proxy.counted(), { sent: 1, dropped: [], failed: [] });
});

t.test("requests with a longer body are not copied, whatever they say of it", async (t) => {
  const { main, copies } = await pair(t);
  const proxy = await startMirrored(t, main.address, copies.address, { maxBody: 10 });
  const long = "x".repeat(11);
  for (const [framing, body] of [
    ["Content-Length: 11", long],
    ["Transfer-Encoding: chunked", `b\r\n${long}\r\n0\r\n\r\n`],
    ["Content-Length: 10", long.slice(1)],
  ]) {
    const reply = await proxy.ask(`POST / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n${body}`);
    t.match(reply, { status: 200, body: "real" });
  }
  await until(() => copies.requests.length === 1);
  t.match(copies.requests, [{ body: "x".repeat(10) }]);
  t.same(proxy.counted(), { sent: 1, dropped: [{ reason: "body", count: 2 }], failed: [] });
});

t.test("a request that announces a longer body takes no place while it comes", async (t) => {
  const [main, copies] = [await startUpstream(t), await startCounting(t, () => ok("copy"))];
  const proxy = await startMirrored(t, main.address, copies.address, { maxBody: 10, maxInFlight: 1 });
  const [slow, quick] = [await proxy.connect(), await proxy.connect()];
  slow.write("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nx");
  await (await main.connection()).take("x");
  quick.write(get());
  await until(() => copies.requests.length === 1);
  t.same(proxy.counted(), { sent: 1, dropped: [{ reason: "body", count: 1 }], failed: [] });
});

t.test("a client that leaves after its request was whole takes no copy with it", async (t) => {
  const [main, copies] = [await startCounting(t, isSilent), await startUpstream(t)];
  const proxy = await startMirrored(t, main.address, copies.address);
  const client = await proxy.connect();
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  const { request, peer } = await copies.request();
  client.reset();
  t.match(await proxy.record(1), { status: 499, error: "client_gone" });
  t.equal(request.body, "hello");
  peer.write(ok());
  await until(() => proxy.connections().idle === 1);
  t.same(proxy.counted(), { sent: 1, dropped: [], failed: [] });
});

t.test("a request that never was whole is not copied", async (t) => {
  const [main, copies] = [await startUpstream(t), await startUpstream(t)];
  const proxy = await startMirrored(t, main.address, copies.address, { maxInFlight: 1 });
  const client = await proxy.connect();
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell");
  await (await main.connection()).take("hell");
  client.reset();
  await proxy.record(1);
  t.same(proxy.counted(), { sent: 0, dropped: [{ reason: "incomplete", count: 1 }], failed: [] });
  t.equal(copies.connections.length, 0);
  main.connections[0]!.socket.destroy();
  const next = await proxy.connect();
  next.write(get());
  await copies.request();
  t.equal(proxy.counted().sent, 1, "and its place is free");
});

t.test("a request that is sent again is copied once, with all of its body", async (t) => {
  const main = await startCounting(t, resets);
  const good = await startCounting(t, () => ok("real"));
  const copies = await startCounting(t, () => ok("copy"));
  const route = { retry: retrying({ anyMethod: true }) };
  const proxy = await startMirrored(t, [main.address, good.address], copies.address, {}, { route });
  for (let i = 0; i < 4; i++) {
    const reply = await proxy.ask("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    t.match(reply, { status: 200, body: "real" });
  }
  await until(() => copies.requests.length === 4);
  t.ok(main.requests.length > 0);
  t.ok(copies.requests.every(({ body }) => body === "hello"));
  t.same(proxy.counted(), { sent: 4, dropped: [], failed: [] });
});

t.test("what comes of a body between two attempts is copied as well", async (t) => {
  const [main, copies] = [await startUpstream(t), await startCounting(t, () => ok("copy"))];
  t.intercept(Math, "random", { value: () => 0.5 });
  const retry = retrying({ anyMethod: true, backoff: { base: 400, longest: 400 } });
  const proxy = await startMirrored(t, main.address, copies.address, {}, { route: { retry } });
  const client = await proxy.connect();
  client.write("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\none");
  const first = await main.connection();
  await first.take("one");
  first.reset();
  await until(() => proxy.metrics.snapshot().clusters[0]!.connections === 0);
  client.write("two");
  const second = await main.connection();
  client.write("end");
  t.match(await readMessage(second), { body: "onetwoend" });
  second.write(ok());
  await readMessage(client);
  await until(() => copies.requests.length === 1);
  t.match(copies.requests[0], { body: "onetwoend" });
  t.same(proxy.counted(), { sent: 1, dropped: [], failed: [] });
});

t.test("a copy goes to the endpoint that its key leads to", async (t) => {
  const main = await startCounting(t, () => ok("real"));
  const copies = await Promise.all([0, 1, 2, 3].map(() => startCounting(t, () => ok())));
  const proxy = await startMirrored(
    t,
    main.address,
    copies.map(({ address }) => address),
    { of: { balance: "ring-hash", hashKey: { kind: "header", name: "x-user" } } },
  );
  const users = Array.from({ length: 20 }, (_, n) => `user-${n}`);
  for (const user of [...users, ...users, ...users]) await proxy.ask(get("/", `X-User: ${user}`));
  await until(() => copies.reduce((sum, { requests }) => sum + requests.length, 0) === 60);
  for (const user of users) {
    const served = copies.map(
      ({ requests }) => requests.filter((one) => field(one, "x-user") === user).length,
    );
    t.same(
      served.filter((count) => count > 0),
      [3],
      user,
    );
  }
  t.ok(copies.filter(({ requests }) => requests.length > 0).length > 1);
});

t.test("upgrades are not copied", async (t) => {
  const { main, copies } = await pair(t);
  const proxy = await startMirrored(t, main.address, copies.address);
  await proxy.ask(get("/", "Connection: upgrade", "Upgrade: websocket"));
  await proxy.ask(get());
  await until(() => copies.requests.length === 1);
  t.equal(main.requests.length, 2);
  t.equal(proxy.counted().sent, 1);
});

t.test("endpoints of a mirror that fail are left out like any others", async (t) => {
  const main = await startCounting(t, () => ok("real"));
  const bad = await startCounting(t, () => answerOf(500));
  const good = await startCounting(t, () => ok("copy"));
  const proxy = await startMirrored(t, main.address, [bad.address, good.address], {
    of: { outlier: ejecting({ consecutiveFailures: 3 }) },
  });
  for (let i = 0; i < 20; i++) {
    await proxy.ask(get());
    await until(() => bad.requests.length + good.requests.length === i + 1);
    await until(() => proxy.connections().idle === proxy.connections().open);
  }
  t.equal(bad.requests.length, 3);
  t.equal(good.requests.length, 17);
});

t.test("a share of nothing copies nothing", async (t) => {
  const { main, copies } = await pair(t);
  const proxy = await startMirrored(t, main.address, copies.address, { share: 0 });
  for (let i = 0; i < 20; i++) await proxy.ask(get());
  t.same(proxy.counted(), { sent: 0, dropped: [], failed: [] });
});

t.test("after all kinds of copies nothing is left", async (t) => {
  const main = await startCounting(t, () => ok("real"));
  const answers = [ok("copy"), null, "what?\r\n\r\n", ok("a") + ok("b"), "HTTP/1.1 200 OK\r\n\r\nhalf"];
  let n = 0;
  const copies = await startCounting(t, () => answers[n++ % answers.length]!);
  const proxy = await startMirrored(
    t,
    main.address,
    [copies.address, await refusing()],
    { timeout: 300, maxInFlight: 5, maxBody: 100, of: { outlier: null, maxConnections: 2 } },
    { clusterTimeouts: { poolIdle: 200 }, timeouts: { keepAlive: 200 } },
  );
  const kinds = [get(), `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200\r\n\r\n${"x".repeat(200)}`];
  for (let round = 0; round < 20; round++) {
    await Promise.all(kinds.map((request) => proxy.ask(request)));
    const client = await proxy.connect();
    client.socket.write(get(), () => client.reset());
  }
  const left = await untilNothingHeld(proxy, 5000);
  t.match(left, { requestsInFlight: 0, endpointRequests: 0, pending: 0, upstreamConnections: 0, timers: 0 });
  const { sent, dropped, failed } = proxy.counted();
  t.ok(sent > 0 && dropped.length > 0 && failed.length > 1, JSON.stringify({ sent, dropped, failed }));
});
