import t from "tap";
import { until } from "../net/until.ts";
import { get, startGateway } from "../support/gateway.ts";
import { field, readMessage } from "../support/message.ts";
import type { RawPeer } from "../support/raw-peer.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import { settled } from "../support/settled.ts";

t.test("at most maxConnections are open at once, however many requests there are", async (t) => {
  const upstream = await startUpstream(t, async ({ startLine }) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return ok(startLine);
  });
  const proxy = await startGateway(t, upstream.address, { cluster: { maxConnections: 4 } });
  const paths = Array.from({ length: 50 }, (_, i) => `/${i}`);
  const responses = await Promise.all(paths.map((path) => proxy.ask(get(path))));
  t.same(
    responses.map(({ body }) => body),
    paths.map((path) => `GET ${path} HTTP/1.1`),
  );
  t.ok(upstream.connections.length <= 4, `${upstream.connections.length} connections`);
});

t.test("connections that end make room", async (t) => {
  const upstream = await startUpstream(t, () => ok("", "Connection: close"));
  const proxy = await startGateway(t, upstream.address, { cluster: { maxConnections: 2 } });
  const responses = await Promise.all(Array.from({ length: 20 }, () => proxy.ask(get())));
  t.ok(responses.every(({ status }) => status === 200));
  t.equal(upstream.connections.length, 20);
});

t.test("requests that wait are served in their order, and one too many is answered 503", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { cluster: { maxConnections: 1, maxPending: 3 } });
  const clients: RawPeer[] = [];
  const ask = async (path: string) => {
    const client = await proxy.connect();
    client.write(get(path));
    clients.push(client);
    return client;
  };
  await ask("/0");
  const { peer } = await upstream.request();
  for (let i = 1; i <= 3; i++) {
    await ask(`/${i}`);
    await until(() => proxy.metrics.snapshot().clusters[0]!.pending === i);
  }
  const refused = await readMessage(await ask("/4"));
  t.equal(refused.status, 503);
  t.match(field(refused, "proxy-status"), 'error=connection_limit_reached; details="pending_overflow"');
  for (let i = 0; i <= 3; i++) {
    peer.write(ok(`${i}`));
    t.equal((await readMessage(clients[i]!)).body, `${i}`);
    if (i < 3) t.match((await readMessage(peer)).startLine, `/${i + 1}`);
  }
});

t.test("requests for which connections are being opened do not count as waiting", async (t) => {
  const upstream = await startUpstream(t, () => ok());
  const proxy = await startGateway(t, upstream.address, { cluster: { maxConnections: 20, maxPending: 1 } });
  const clients = await Promise.all(Array.from({ length: 20 }, () => proxy.connect()));
  await until(() => proxy.accepted.length === clients.length);
  for (const client of clients) client.write(get());
  for (const client of clients) t.equal((await readMessage(client)).status, 200);
});

t.test("a request that waits too long for a connection is answered 503", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, {
    cluster: { maxConnections: 1 },
    clusterTimeouts: { pending: 150 },
  });
  const first = await proxy.connect();
  first.write(get("/held"));
  const { peer } = await upstream.request();
  const response = await proxy.ask(get("/waits"));
  t.equal(response.status, 503);
  t.match(field(response, "proxy-status"), "pending_timeout");
  peer.write(ok("held"));
  t.equal((await readMessage(first)).body, "held");
});

t.test("no more than maxIdle connections are kept", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { cluster: { maxIdle: 2 } });
  const asks = Array.from({ length: 6 }, () => proxy.ask(get()));
  const peers = await Promise.all(asks.map(async () => (await upstream.request()).peer));
  for (const peer of peers) peer.write(ok());
  await Promise.all(asks);
  await until(() => peers.filter((peer) => peer.isOpen).length === 2);
  t.equal(await settled(() => peers.filter((peer) => peer.isOpen).length), 2);
  t.match(proxy.metrics.snapshot().clusters[0], { connections: 2, idle: 2 });
});

t.test("an idle connection is closed after poolIdle", async (t) => {
  const upstream = await startUpstream(t, () => ok());
  const proxy = await startGateway(t, upstream.address, { clusterTimeouts: { poolIdle: 100 } });
  await proxy.ask(get());
  t.equal(await upstream.connections[0]!.ended(), "end");
});

t.test("an endpoint's Keep-Alive: timeout shortens the idle time", async (t) => {
  const upstream = await startUpstream(t, () => ok("", "Keep-Alive: timeout=1, max=100"));
  const proxy = await startGateway(t, upstream.address, { clusterTimeouts: { poolIdle: 60_000 } });
  await proxy.ask(get());
  const answered = performance.now();
  await upstream.connections[0]!.ended();
  t.ok(performance.now() - answered < 1000, "before the endpoint closes it");
});

t.test("the pool counts nothing twice and forgets nothing", async (t) => {
  const upstream = await startUpstream(t, ({ startLine }, peer) => {
    if (startLine.includes("/reset")) peer.reset();
    return startLine.includes("/close") ? ok("", "Connection: close") : ok();
  });
  const proxy = await startGateway(t, upstream.address, { cluster: { maxConnections: 3 } });
  const paths = Array.from({ length: 60 }, (_, i) => ["/ok", "/reset", "/close"][i % 3]!);
  const ask = (path: string) => proxy.ask(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`);
  const statuses = await Promise.all(paths.map(async (path) => (await ask(path)).status));
  paths.forEach((path, i) => void t.equal(statuses[i], path === "/reset" ? 502 : 200, path));
  proxy.gateway.generation.clusters.get("upstream")!.close();
  await until(() => proxy.metrics.snapshot().clusters[0]!.connections === 0);
  t.match(proxy.metrics.snapshot().clusters[0], { connections: 0, idle: 0, pending: 0 });
  t.equal(proxy.gateway.generation.clusters.get("upstream")!.endpoints[0]!.inFlight, 0);
});
