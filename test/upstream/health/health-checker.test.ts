import { once } from "node:events";
import t from "tap";
import { until } from "../../net/until.ts";
import { freePort } from "../../support/free-port.ts";
import { field } from "../../support/message.ts";
import type { RawPeer } from "../../support/raw-peer.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";
import { httpCheck } from "./check-config.ts";
import { startChecking } from "./checking.ts";

/** What is longer than any pause between checks, in ms. */
const longPause = 10_000;

t.test("a check asks for the path, says who it is, and closes", async (t) => {
  const upstream = await startUpstream(t);
  const { add, outcome } = startChecking(t);
  add(upstream.address);
  const peer = await upstream.connection();
  t.equal(
    await peer.take("\r\n\r\n"),
    "GET /health HTTP/1.1\r\nHost: service.test:80\r\nUser-Agent: sluice-health-check\r\nAccept: */*\r\nConnection: close\r\n\r\n",
  );
  peer.write(ok());
  t.same(await outcome(1), { ok: true });
  t.equal(await peer.ended(), "end");
});

t.test("the config names another host to ask for", async (t) => {
  const upstream = await startUpstream(t);
  const { add } = startChecking(t);
  const http = { path: "/up?deep=1", host: "status.test", statuses: [{ from: 200, to: 200 }], body: null };
  add(upstream.address, { http });
  const { request } = await upstream.request();
  t.match(request.startLine, "GET /up?deep=1 HTTP/1.1");
  t.equal(field(request, "host"), "status.test");
});

t.test("a server that turns bad and recovers is followed, with a reason, and told in the log", async (t) => {
  let status = 200;
  const upstream = await startUpstream(t, () => `HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`);
  const { add, outcome, passUntilCheck, log, table } = startChecking(t);
  const { slot, describe } = add(upstream.address);
  t.match(describe(), { state: "healthy", reason: null, checks: { state: "unknown", made: 0, last: null } });
  await outcome(1);
  t.match(describe(), { state: "healthy", checks: { state: "healthy", made: 1, failed: 0 } });
  status = 503;
  let n = 1;
  const next = async () => {
    passUntilCheck();
    await outcome(++n);
  };
  await next();
  await next();
  t.match(describe(), { state: "healthy", checks: { contrary: 2, failed: 2 } });
  const { version } = table;
  await next();
  t.match(describe(), { state: "unhealthy", reason: "health check: status 503" });
  t.equal(table.isUsable(slot), false);
  t.not(table.version, version);
  status = 204;
  await next();
  t.match(describe(), { state: "unhealthy", reason: "health check: status 503" });
  await next();
  t.match(describe(), { state: "healthy", reason: null });
  t.same(log.lines, ["warn endpoint is unhealthy (status 503)", "info endpoint is healthy again"]);
});

/** What a server sends on a request before it ends the connection, and what is found wrong with it. */
const badAnswers: readonly [what: string, text: string, reason: string][] = [
  ["nothing", "", "upstream_closed"],
  ["garbage", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "start_line_malformed"],
  ["a bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "line_ending_malformed"],
  ["another status", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "status 404"],
  ["a status that is none", "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n", "status_malformed"],
  ["half a head", "HTTP/1.1 200 OK\r\nContent-Le", "response_truncated"],
  ["half a body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "response_truncated"],
  [
    "two framings",
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "framing_ambiguous",
  ],
  [
    "a chunk without a size",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "chunk_malformed",
  ],
  ["only an interim response", "HTTP/1.1 103 Early Hints\r\n\r\n", "upstream_closed"],
  ["a flood of them", "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(9), "interim_flood"],
  ["another protocol", "HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "upgrade_unexpected"],
  ["an endless head", `HTTP/1.1 200 OK\r\nA: ${"a".repeat(40_000)}`, "head_too_large"],
];

for (const [what, text, reason] of badAnswers) {
  t.test(`a server that answers ${what} is unhealthy: ${reason}`, async (t) => {
    const upstream = await startUpstream(t, (_request, peer) => {
      if (text !== "") peer.write(text);
      peer.close();
      return null;
    });
    const { add, outcome } = startChecking(t);
    const { describe } = add(upstream.address);
    t.match(await outcome(1), { ok: false, reason });
    t.match(describe(), { state: "unhealthy", reason: `health check: ${reason}` });
  });
}

t.test("a server that resets the connection is unhealthy", async (t) => {
  const upstream = await startUpstream(t);
  const { add, outcome } = startChecking(t);
  add(upstream.address);
  const { peer } = await upstream.request();
  peer.reset();
  t.match(await outcome(1), { ok: false, reason: "upstream_closed" });
});

t.test("a server that answers and closes before it was asked is heard", async (t) => {
  const upstream = await startUpstream(t);
  const { add, outcome } = startChecking(t);
  add(upstream.address);
  const peer = await upstream.connection();
  peer.write("HTTP/1.1 200 OK\r\n\r\nfine");
  peer.close();
  t.same(await outcome(1), { ok: true });
});

t.test("a port where nobody listens is unhealthy", async (t) => {
  const { add, outcome } = startChecking(t);
  add({ host: "127.0.0.1", port: await freePort() });
  t.match(await outcome(1), { ok: false, reason: "connect_refused", detail: /connection refused/ });
});

t.test("a check that hangs is ended by its timeout, before a byte came and inside the body", async (t) => {
  for (const begun of ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"]) {
    const upstream = await startUpstream(t);
    const { add, outcome, outcomes, pass, sockets } = startChecking(t);
    add(upstream.address);
    const { peer } = await upstream.request();
    if (begun !== "") {
      peer.write(begun);
      await until(() => sockets[0]!.bytesRead === begun.length);
    }
    pass(1950);
    t.same(outcomes, []);
    pass(200);
    t.match(await outcome(1), { ok: false, reason: "timeout", detail: /no whole answer in 2000 ms/ });
    t.equal(await peer.ended(), "end");
  }
});

t.test("a server that keeps trickling is ended by the timeout of the whole check", async (t) => {
  const upstream = await startUpstream(t);
  const { add, outcome, pass, sockets } = startChecking(t);
  add(upstream.address);
  const { peer } = await upstream.request();
  for (const [index, byte] of [..."HTTP/1."].entries()) {
    peer.write(byte);
    await until(() => sockets[0]!.bytesRead === index + 1);
    pass(250);
  }
  pass(500);
  t.match(await outcome(1), { ok: false, reason: "timeout" });
});

const wantsBody = { path: "/", host: null, statuses: [{ from: 200, to: 200 }], body: "status: gr\u00fcn" };
const green = Buffer.from("status: gr\u00fcn").toString("latin1");

t.test("the expected text is found in any coding and however it is split", async (t) => {
  const split = green.length - 3;
  const answers = [
    ok(`<p>${green}</p>`),
    `HTTP/1.1 200 OK\r\n\r\n${green}`,
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${split.toString(16)}\r\n${green.slice(0, split)}\r\n3\r\n${green.slice(split)}\r\n0\r\n\r\n`,
  ];
  for (const answer of answers) {
    const upstream = await startUpstream(t);
    const { add, outcome, sockets } = startChecking(t);
    add(upstream.address, { http: wantsBody });
    const { peer } = await upstream.request();
    const half = answer.indexOf(green.slice(0, 4)) + 2;
    peer.write(answer.slice(0, half));
    await until(() => sockets[0]!.bytesRead === half);
    peer.write(answer.slice(half));
    peer.close();
    t.same(await outcome(1), { ok: true });
  }
});

t.test("a body without the expected text is bad", async (t) => {
  const upstream = await startUpstream(t, () => ok("status: red"));
  const { add, outcome } = startChecking(t);
  const { describe } = add(upstream.address, { http: wantsBody });
  t.match(await outcome(1), { ok: false, reason: "body_mismatch" });
  t.equal(describe().reason, "health check: body_mismatch");
});

t.test("64 KiB of a body are read, to the byte, and no more", async (t) => {
  for (const [before, isGood] of [
    [64 * 1024 - green.length, true],
    [64 * 1024 - green.length + 1, false],
  ] as const) {
    const upstream = await startUpstream(t);
    const { add, outcome } = startChecking(t);
    add(upstream.address, { http: wantsBody });
    const { peer } = await upstream.request();
    // Its end never comes, and neither does the end of the time.
    peer.write(`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(before)}${green}`);
    t.equal((await outcome(1)).ok, isGood);
    await peer.ended();
  }
});

t.test("without HTTP a connection is enough", async (t) => {
  const upstream = await startUpstream(t);
  const { add, outcome, sockets } = startChecking(t);
  add(upstream.address, { http: null });
  t.same(await outcome(1), { ok: true });
  const peer = await upstream.connection();
  t.equal(await peer.takeRest(), "");
  t.equal(sockets[0]!.destroyed, true);
  const refused = startChecking(t);
  refused.add({ host: "127.0.0.1", port: await freePort() }, { http: null });
  t.match(await refused.outcome(1), { ok: false, reason: "connect_refused" });
});

t.test("an endpoint that is well is asked after each interval, a bad one sooner, with jitter", async (t) => {
  let status = 200;
  let draw = 0.5;
  const upstream = await startUpstream(t, () => `HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`);
  const { add, outcome, pass, sockets, log } = startChecking(t, { random: () => draw });
  add(upstream.address, { jitter: 0.2 });
  let n = 0;
  /** The next check begins in the 150 ms after `ms`. */
  const nextAfter = async (ms: number) => {
    await outcome(++n);
    pass(ms);
    t.equal(sockets.length, n, `not before ${ms} ms`);
    pass(150);
    t.equal(sockets.length, n + 1, `${ms} ms`);
  };
  await nextAfter(5000);
  draw = 0;
  await nextAfter(4000);
  draw = 1;
  await nextAfter(6000);
  status = 500;
  draw = 0.5;
  await nextAfter(1000);
  await nextAfter(1000);
  await nextAfter(1000);
  t.equal(log.lines.length, 1);
});

t.test("no more are asked at once than may be; the others wait for their turn", async (t) => {
  const upstreams = await Promise.all(Array.from({ length: 5 }, () => startUpstream(t)));
  const { add, outcome, pass, outcomes, sockets } = startChecking(t, { mostAtOnce: 2 });
  for (const { address } of upstreams) add(address);
  const { peer } = await upstreams[0]!.request();
  await upstreams[1]!.request();
  pass(1000);
  t.equal(sockets.length, 2);
  peer.write(ok());
  await outcome(1);
  t.equal(sockets.length, 3);
  await upstreams[2]!.request();
  pass(1200);
  await outcome(2);
  t.equal(sockets.length, 4, "what hangs makes room by its timeout");
  t.equal(outcomes.length, 2);
});

t.test("closing ends checks under way, those that wait, and those to come", async (t) => {
  const hanging = await startUpstream(t);
  const well = await startUpstream(t, () => ok());
  const { checker, table, timers, add, outcome, pass, sockets } = startChecking(t, { mostAtOnce: 1 });
  const first = add(well.address);
  await outcome(1);
  add(hanging.address);
  const { peer } = await hanging.request();
  const waiting = add({ host: "127.0.0.1", port: await freePort() });
  checker.close();
  t.equal(await peer.ended(), "end");
  t.equal(timers.size, 0);
  t.ok(sockets.every(({ destroyed }) => destroyed));
  pass(longPause);
  t.equal(sockets.length, 2);
  t.equal(timers.size, 0);
  t.same([table.checkState(first.slot), table.checkState(waiting.slot)], ["unknown", "unknown"]);
});

t.test("an endpoint that is removed is not asked again and frees the place of its check", async (t) => {
  const hanging = await startUpstream(t);
  const well = await startUpstream(t, () => ok());
  const { add, outcome, sockets, pass } = startChecking(t, { mostAtOnce: 1 });
  const { check } = add(hanging.address);
  const { peer } = await hanging.request();
  const other = add(well.address);
  check.remove();
  check.remove();
  await peer.ended();
  t.same(await outcome(1), { ok: true });
  other.check.remove();
  pass(longPause);
  t.equal(sockets.length, 2);
});

t.test("what is known outlives a reload: one good check is too few for an unhealthy endpoint", async (t) => {
  let status = 500;
  const upstream = await startUpstream(t, () => `HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`);
  const { add, outcome, passUntilCheck, table } = startChecking(t);
  const { slot, check } = add(upstream.address);
  await outcome(1);
  status = 200;
  const next = add(upstream.address);
  check.remove();
  await outcome(2);
  t.equal(table.checkState(slot), "unhealthy");
  passUntilCheck();
  await outcome(3);
  t.equal(table.checkState(slot), "healthy");
  next.check.remove();
  t.equal(table.checkState(slot), "unknown");
});

t.test("when the checks of the generation before have the last word it does not stay", async (t) => {
  const upstream = await startUpstream(t, () => ok());
  const { add, outcome, passUntilCheck, table } = startChecking(t);
  const { slot, check } = add(upstream.address);
  add(upstream.address);
  await outcome(2);
  table.setCheckState(slot, "unhealthy");
  check.remove();
  t.equal(table.checkState(slot), "unhealthy");
  for (const n of [3, 4]) {
    passUntilCheck();
    await outcome(n);
  }
  t.equal(table.checkState(slot), "healthy");
});

t.test("a path or host that would end its line is never sent", async (t) => {
  const upstream = await startUpstream(t);
  const { add, outcome } = startChecking(t);
  const wicked = "a\r\nX-Admin: 1\r\n\r\nGET /delete";
  let n = 0;
  for (const http of [
    { ...httpCheck, path: `/${wicked}` },
    { ...httpCheck, path: "/a b" },
    { ...httpCheck, path: "" },
    { ...httpCheck, host: wicked },
  ]) {
    const { check } = add(upstream.address, { http });
    t.match(await outcome(++n), { ok: false, reason: "request_malformed" });
    check.remove();
    t.equal(await (await upstream.connection()).takeRest(), "");
  }
});

t.test("a name that does not resolve and a text that is none are bad checks, not faults", async (t) => {
  const { add, outcome } = startChecking(t);
  add({ host: "no-such-host.invalid", port: 80 });
  t.match(await outcome(1), { ok: false, reason: "name_unresolved" });
  add({ host: "a\0b", port: 80 });
  t.match(await outcome(2), { ok: false, reason: "name_unresolved" });
});

t.test("a hundred checks that end in every way leave no socket and no timer", async (t) => {
  const ends: ((peer: RawPeer) => void)[] = [
    (peer) => peer.write(ok("x")),
    (peer) => peer.close(),
    (peer) => peer.reset(),
    (peer) => peer.write("garbage\r\n\r\n"),
  ];
  let served = 0;
  const upstream = await startUpstream(t, (_request, peer) => {
    ends[served++ % ends.length]!(peer);
    return null;
  });
  const { checker, add, outcome, outcomes, passUntilCheck, sockets, timers } = startChecking(t);
  add(upstream.address);
  await outcome(1);
  for (let n = 2; n <= 100; n++) {
    passUntilCheck();
    await outcome(n);
  }
  checker.close();
  await Promise.all(sockets.filter(({ closed }) => !closed).map((socket) => once(socket, "close")));
  t.equal(timers.size, 0);
  t.equal(outcomes.filter((found) => found.ok).length, 25);
});
