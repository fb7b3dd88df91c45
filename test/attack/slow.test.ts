import t, { type Test } from "tap";
import { until } from "../net/until.ts";
import { get, startGateway } from "../support/gateway.ts";
import { field, readHead, readMessage } from "../support/message.ts";
import type { RawPeer } from "../support/raw-peer.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

/** Sends the text again and again, every 20 ms, as long as the other side takes it. */
function trickle(t: Test, peer: RawPeer, text: string): void {
  const timer = setInterval(() => peer.socket.writable && peer.write(text), 20);
  t.teardown(() => clearInterval(timer));
}

const slowRequests: Record<string, [start: string, rest: string, status: number]> = {
  "Slowloris, a head without end": ["GET / HTTP/1.1\r\nHost: a\r\n", "X: 1\r\n", 408],
  "a request line without end": ["GET /", "a", 408],
  "a body that never begins": ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", "", 408],
  "a chunk size that never ends": [
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1",
    "",
    408,
  ],
};

for (const [name, [start, rest, status]] of Object.entries(slowRequests)) {
  t.test(`a slow client is told to go: ${name}`, async (t) => {
    const upstream = await startUpstream(t, () => ok());
    const proxy = await startGateway(t, upstream.address, { timeouts: { head: 200, bodyIdle: 200 } });
    const client = await proxy.connect();
    client.write(start);
    if (rest !== "") trickle(t, client, rest);
    const response = await readMessage(client);
    t.equal(response.status, status);
    t.equal(field(response, "connection"), "close");
    client.socket.destroy();
  });
}

t.test("a client that trickles empty lines between requests is not kept longer than keepAlive", async (t) => {
  const upstream = await startUpstream(t, () => ok());
  const proxy = await startGateway(t, upstream.address, { timeouts: { head: 200, keepAlive: 400 } });
  const client = await proxy.connect();
  client.write(get());
  await readMessage(client);
  trickle(t, client, "\r\n");
  await client.ended();
  await until(() => proxy.accepted[0]!.destroyed);
});

t.test("a client that was refused and goes on sending is not read for long", async (t) => {
  const upstream = await startUpstream(t, () => ok());
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write("GET / HTTP/9\r\n\r\n");
  trickle(t, client, "x");
  t.equal((await readMessage(client)).status, 400);
  await until(() => proxy.accepted[0]!.destroyed);
});

t.test("clients over the connection limit do not stay by trickling", async (t) => {
  const upstream = await startUpstream(t, () => ok());
  const proxy = await startGateway(t, upstream.address, { listener: { maxConnections: 1 } });
  await proxy.connect();
  const second = await proxy.connect();
  trickle(t, second, "x");
  t.equal((await readMessage(second)).status, 503);
  await until(() => proxy.accepted[1]!.destroyed);
});

const slowResponses: Record<string, [start: string, rest: string]> = {
  "a status line without end": ["HTTP/1.1 200 O", "K"],
  "a head without end": ["HTTP/1.1 200 OK\r\n", "X: 1\r\n"],
  "interim responses without end": ["", "HTTP/1.1 103 Early Hints\r\n\r\n"],
};

for (const [name, [start, rest]] of Object.entries(slowResponses)) {
  t.test(`a slow endpoint is answered for: ${name}`, async (t) => {
    const upstream = await startUpstream(t);
    const proxy = await startGateway(t, upstream.address, { clusterTimeouts: { responseHead: 300 } });
    const client = await proxy.connect();
    client.write(get());
    const { peer } = await upstream.request();
    peer.write(start);
    trickle(t, peer, rest);
    let response = await readHead(client);
    while (response.status < 200) response = await readHead(client);
    t.equal(response.status, 504);
    await peer.ended();
  });
}
