import t from "tap";
import { until } from "../net/until.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { field, fieldNames, readHead, readMessage } from "../support/message.ts";
import type { RawPeer } from "../support/raw-peer.ts";
import { ok, type RawUpstream, startUpstream } from "../support/raw-upstream.ts";
import { settled } from "../support/settled.ts";

const upgrade = (token: string, ...fields: string[]) =>
  `${["GET /chat HTTP/1.1", "Host: a", `Connection: Upgrade`, `Upgrade: ${token}`, ...fields].join("\r\n")}\r\n\r\n`;
const switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";

/** A tunnel, and its two ends. */
async function openTunnel(
  proxy: TestGateway,
  upstream: RawUpstream,
): Promise<[client: RawPeer, peer: RawPeer]> {
  const client = await proxy.connect();
  client.write(upgrade("websocket"));
  const { peer } = await upstream.request();
  peer.write(switched);
  await readHead(client);
  return [client, peer];
}

t.test("an upgrade is asked for and granted hop by hop", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(upgrade("WebSocket", "Sec-WebSocket-Key: k"));
  const { request, peer } = await upstream.request();
  t.equal(field(request, "connection"), "upgrade");
  t.equal(field(request, "upgrade"), "WebSocket");
  t.equal(field(request, "sec-websocket-key"), "k");
  peer.write(switched);
  const response = await readHead(client);
  t.equal(response.status, 101);
  t.equal(field(response, "connection"), "upgrade");
  t.equal(field(response, "upgrade"), "websocket");
  client.write("ping");
  t.equal(await peer.take("ping"), "ping");
  peer.write("pong");
  t.equal(await client.take("pong"), "pong");
});

t.test("bytes right behind the heads are not lost", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(`${upgrade("websocket")}early `);
  const { peer } = await upstream.request();
  client.write("and before the answer");
  await settled(() => proxy.accepted[0]!.bytesRead);
  t.equal(peer.text, "", "nothing goes to an endpoint that has not agreed");
  peer.write(`${switched}hello`);
  await readHead(client);
  t.equal(await client.take("hello"), "hello");
  await peer.take("early and before the answer");
});

t.test("each half of a tunnel ends by itself", async (t) => {
  for (const first of ["client", "endpoint"]) {
    t.test(`${first} first`, async (t) => {
      const upstream = await startUpstream(t);
      const proxy = await startGateway(t, upstream.address);
      const [client, peer] = await openTunnel(proxy, upstream);
      const [leaver, stayer] = first === "client" ? [client, peer] : [peer, client];
      leaver.close();
      t.equal(await stayer.ended(), "end");
      stayer.write("still here");
      await leaver.take("still here");
      t.equal(proxy.records.length, 0);
      stayer.close();
      t.equal(await leaver.ended(), "end");
      t.match(await proxy.record(1), { status: 101, error: null });
    });
  }
});

t.test("a side that is reset ends the tunnel", async (t) => {
  for (const first of ["client", "endpoint"]) {
    t.test(first, async (t) => {
      const upstream = await startUpstream(t);
      const proxy = await startGateway(t, upstream.address);
      const [client, peer] = await openTunnel(proxy, upstream);
      const [leaver, stayer] = first === "client" ? [client, peer] : [peer, client];
      leaver.reset();
      await stayer.ended();
      await proxy.record(1);
      t.equal(proxy.metrics.snapshot().totals.tunnels, 0);
    });
  }
});

t.test("a tunnel where nothing moves is closed after tunnelIdle", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { timeouts: { tunnelIdle: 150 } });
  const [client, peer] = await openTunnel(proxy, upstream);
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setTimeout(resolve, 80));
    peer.write(".");
    await client.take(".");
  }
  t.equal(await client.ended(), "end");
  t.equal(await peer.ended(), "end");
});

t.test("a tunnel whose endpoint stopped reading is closed after tunnelIdle, too", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { timeouts: { tunnelIdle: 150 } });
  const [client, peer] = await openTunnel(proxy, upstream);
  peer.socket.pause();
  client.write(Buffer.alloc(16 * 1024 * 1024));
  await proxy.record(1);
  client.reset();
  await until(() => proxy.accepted[0]!.destroyed && openSockets() === 1);
  t.notOk(peer.socket.destroyed, "what is left is the endpoint's own end");
});

/** TCP connections of this process that are open, both ends counted. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}

for (const slow of ["client", "endpoint"]) {
  t.test(`a tunnel holds little of what a slow ${slow} does not read`, async (t) => {
    const upstream = await startUpstream(t);
    const proxy = await startGateway(t, upstream.address);
    const [client, peer] = await openTunnel(proxy, upstream);
    const [reader, writer] = slow === "client" ? [client, peer] : [peer, client];
    const size = 64 * 1024 * 1024;
    reader.socket.pause();
    writer.write(Buffer.alloc(size));
    const left = await settled(() => writer.socket.writableLength);
    t.ok(left > size / 2, `${left} bytes did not leave the writer`);
    reader.socket.resume();
    await reader.takeLength(size);
  });
}

t.test("an endpoint may refuse to upgrade", async (t) => {
  const upstream = await startUpstream(t, () => ok("no"));
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  for (let i = 0; i < 2; i++) {
    client.write(upgrade("websocket"));
    t.equal((await readMessage(client)).body, "no");
  }
});

t.test("Upgrade: h2c and tokens that are not allowed do not pass", async (t) => {
  const upstream = await startUpstream(t, (request) => ok(fieldNames(request).join(" ")));
  const proxy = await startGateway(t, upstream.address);
  for (const token of ["h2c", "websocket, h2c", "TLS/1.0"]) {
    const names = (await proxy.ask(upgrade(token, "HTTP2-Settings: AAMAAABk"))).body.split(" ");
    t.notOk(names.includes("upgrade") || names.includes("connection") || names.includes("http2-settings"));
  }
});

t.test("Upgrade without Connection: upgrade is no request to upgrade", async (t) => {
  const upstream = await startUpstream(t, (request) => ok(fieldNames(request).join(" ")));
  const proxy = await startGateway(t, upstream.address);
  const response = await proxy.ask("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n");
  t.notMatch(response.body, "upgrade");
});

t.test("a 101 that nobody asked for is answered 502, and no tunnel opens", async (t) => {
  const upstream = await startUpstream(t, () => `${switched}surplus`);
  const proxy = await startGateway(t, upstream.address);
  const response = await proxy.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  t.equal(response.status, 502);
  t.match(field(response, "proxy-status"), "http_upgrade_failed");
  t.not(await upstream.connections[0]!.ended(), null);
});

t.test("a body that looks like a tunnel is not one", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n\r\nabc",
  );
  const { request, peer } = await upstream.request();
  t.notOk(fieldNames(request).includes("upgrade"));
  peer.write(switched);
  t.equal((await readMessage(client)).status, 502);
});
