/** Faults that a route injects on purpose. */
import t, { type Test } from "tap";
import type { FaultConfig } from "../../core/config/traffic-model.ts";
import { drawFault } from "../../core/proxy/fault.ts";
import { until } from "../net/until.ts";
import { get, startGateway } from "../support/gateway.ts";
import { untilNothingHeld } from "../support/holdings.ts";
import { field, readMessage } from "../support/message.ts";
import { Random } from "../support/random.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

const none: FaultConfig = { delay: null, abort: null, header: false };
const always = (status: number): FaultConfig => ({ ...none, abort: { share: 1, status } });
const waits = (time: number): FaultConfig => ({ ...none, delay: { share: 1, time } });

async function start(t: Test, fault: FaultConfig, timeout = 0) {
  const upstream = await startUpstream(t, () => ok("served"));
  const proxy = await startGateway(t, upstream.address, { route: { fault, timeout } });
  const injected = () => proxy.metrics.snapshot().routes[0]?.faults ?? [];
  return { upstream, proxy, injected };
}

async function timed<T>(work: Promise<T>): Promise<readonly [T, number]> {
  const begin = performance.now();
  return [await work, performance.now() - begin];
}

t.test("drawFault gives each request its own lot, of both kinds", async (t) => {
  const random = new Random(7);
  const config = { delay: { share: 0.1, time: 200 }, abort: { share: 0.3, status: 503 }, header: false };
  const draws = 100_000;
  const seen = { delayed: 0, aborted: 0, both: 0 };
  const kinds = new Set<number>();
  for (let n = 0; n < draws; n++) {
    const { delay, status } = drawFault(config, { get: () => null }, () => random.next());
    kinds.add(delay).add(status);
    if (delay > 0) seen.delayed++;
    if (status > 0) seen.aborted++;
    if (delay > 0 && status > 0) seen.both++;
  }
  t.same([...kinds].sort(), [0, 200, 503]);
  for (const [kind, share] of Object.entries({ delayed: 0.1, aborted: 0.3, both: 0.03 }))
    t.ok(Math.abs(seen[kind as keyof typeof seen] / draws - share) < 0.02, `${kind} ${share}`);
});

t.test("drawFault reads what a request asks for, where it may ask", async (t) => {
  const draw = (fields: Record<string, string>, config: FaultConfig) =>
    drawFault(config, { get: (name) => fields[name] ?? null }, () => 0.5);
  const asks = { "x-sluice-fault-delay": "250", "x-sluice-fault-abort": "418" };
  t.same(draw(asks, { ...none, header: true }), { delay: 250, status: 418 });
  t.same(draw(asks, none), { delay: 0, status: 0 });
  t.same(draw({ "x-sluice-fault-delay": "1.5s" }, { ...none, header: true }), { delay: 1500, status: 0 });
  t.same(draw({ "x-sluice-fault-delay": "2h" }, { ...none, header: true }), { delay: 60_000, status: 0 });
  t.same(draw({ "x-sluice-fault-delay": "0ms" }, { ...waits(9), header: true }), { delay: 0, status: 0 });
  for (const delay of ["", "-1", "1e9", "soon", "1 s", "99999999999"])
    for (const abort of ["", "200", "600", "5xx", "503 ", "1e3"])
      t.same(
        draw({ "x-sluice-fault-delay": delay, "x-sluice-fault-abort": abort }, { ...none, header: true }),
        { delay: 0, status: 0 },
        `${delay} ${abort}`,
      );
});

t.test("a request that is aborted is answered here, and says so", async (t) => {
  const { upstream, proxy, injected } = await start(t, always(429));
  const reply = await proxy.ask(get());
  t.equal(reply.status, 429);
  t.equal(field(reply, "proxy-status"), 'here; error=proxy_internal_response; details="fault_injected"');
  t.match(JSON.parse(reply.body), { status: 429, code: "fault_injected" });
  t.match(await proxy.record(1), { status: 429, error: "fault_injected", upstream: null, attempts: 0 });
  t.equal(upstream.connections.length, 0);
  t.same(injected(), [{ reason: "abort", count: 1 }]);
});

t.test("a connection goes on after an abort, and so does the next request on it", async (t) => {
  const { proxy } = await start(t, { ...none, header: true });
  const client = await proxy.connect();
  client.write(get("/", "X-Sluice-Fault-Abort: 503") + get("/") + get("/", "X-Sluice-Fault-Abort: 500"));
  const statuses = [];
  for (let n = 0; n < 3; n++) statuses.push((await readMessage(client)).status);
  t.same(statuses, [503, 200, 500]);
});

t.test("an abort answers HEAD without a body", async (t) => {
  const { proxy } = await start(t, always(503));
  t.match(await proxy.ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"), { status: 503, body: "" });
});

t.test("a request that is delayed occupies no connection, and then goes on with its body", async (t) => {
  const bodies: string[] = [];
  const upstream = await startUpstream(t, ({ body }) => {
    bodies.push(body);
    return ok("served");
  });
  const proxy = await startGateway(t, upstream.address, { route: { fault: waits(300) } });
  const client = await proxy.connect();
  const reply = timed(readMessage(client));
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  await until(() => proxy.metrics.snapshot().totals.requestsInFlight === 1);
  client.write("def");
  t.equal(proxy.metrics.snapshot().clusters[0]!.connections, 0);
  const [{ status }, took] = await reply;
  t.equal(status, 200);
  t.ok(took >= 295 && took < 2000, `after ${took} ms`);
  t.same(bodies, ["abcdef"]);
  t.same(proxy.metrics.snapshot().routes[0]!.faults, [{ reason: "delay", count: 1 }]);
});

t.test("a request may be delayed and then aborted", async (t) => {
  const { proxy, upstream } = await start(t, { ...waits(200), abort: { share: 1, status: 500 } });
  const [{ status }, took] = await timed(proxy.ask(get()));
  t.equal(status, 500);
  t.ok(took >= 195, `after ${took} ms`);
  t.equal(upstream.connections.length, 0);
});

t.test("a client that leaves during the delay takes its request with it", async (t) => {
  const { proxy, upstream } = await start(t, waits(60_000));
  const client = await proxy.connect();
  client.write(get());
  await until(() => proxy.metrics.snapshot().totals.requestsInFlight === 1);
  client.reset();
  t.match(await proxy.record(1), { status: 499, error: "client_gone" });
  t.match(await untilNothingHeld(proxy, 2000), { requestsInFlight: 0, timers: 0 });
  t.equal(upstream.connections.length, 0);
});

t.test("the time of the route ends a delay", async (t) => {
  const { proxy, upstream } = await start(t, waits(60_000), 200);
  const [reply, took] = await timed(proxy.ask(get()));
  t.equal(reply.status, 504);
  t.match(reply.body, "deadline_exceeded");
  t.ok(took < 2000, `after ${took} ms`);
  t.match(await untilNothingHeld(proxy, 2000), { requestsInFlight: 0, timers: 0 });
  t.equal(upstream.connections.length, 0);
});

t.test("a proxy that drains waits for no delay: what waits goes on, what comes does not wait", async (t) => {
  const { proxy } = await start(t, waits(60_000));
  const [waiting, late] = [await proxy.connect(), await proxy.connect()];
  waiting.write(get("/waiting"));
  await until(() => proxy.metrics.snapshot().totals.requestsInFlight === 1);
  const [, took] = await timed(
    Promise.all([
      proxy.gateway.drain(),
      readMessage(waiting).then(({ body }) => t.equal(body, "served")),
      until(() => proxy.gateway.isDraining).then(async () => {
        late.write(get("/late"));
        t.equal((await readMessage(late)).body, "served");
      }),
    ]),
  );
  t.ok(took < 5000, `after ${took} ms`);
});

t.test("what goes on early goes on once, however often its connection is told to end", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { route: { fault: waits(60_000) } });
  const client = await proxy.connect();
  client.write(get());
  await until(() => proxy.metrics.snapshot().totals.requestsInFlight === 1);
  const { config } = proxy.gateway.generation;
  const elsewhere = { ...config.listeners[0]!, address: { host: "127.0.0.1", port: 0 }, name: "elsewhere" };
  await proxy.gateway.apply({ ...config, listeners: [elsewhere] });
  const { peer } = await upstream.request();
  const drained = proxy.gateway.drain();
  await until(() => proxy.gateway.isDraining);
  t.equal(upstream.connections.length, 1);
  t.match(proxy.metrics.snapshot().clusters[0], { connections: 1, pending: 0 });
  peer.write(ok("served"));
  t.equal((await readMessage(client)).body, "served");
  await drained;
  t.match(await proxy.record(1), { attempts: 1, error: null });
});

t.test("a delayed request ends with a proxy that is closed", async (t) => {
  const { proxy } = await start(t, waits(60_000));
  const client = await proxy.connect();
  client.write(get());
  await until(() => proxy.metrics.snapshot().totals.requestsInFlight === 1);
  proxy.gateway.close();
  await client.ended();
  t.match(await untilNothingHeld(proxy, 2000), { requestsInFlight: 0, timers: 0 });
});

t.test("a route without faults takes no orders from requests", async (t) => {
  const upstream = await startUpstream(t, () => ok("served"));
  const proxy = await startGateway(t, upstream.address);
  t.equal((await proxy.ask(get("/", "X-Sluice-Fault-Abort: 503"))).status, 200);
});
