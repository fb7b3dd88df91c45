import t from "tap";
import { until } from "../net/until.ts";
import { get, startGateway } from "../support/gateway.ts";
import { field, readMessage } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import { settled } from "../support/settled.ts";

/** ms; how long the proxy waits for a client to go that was told everything. */
const longerThanLingering = 2500;

t.test("a head that comes too slowly is answered 408", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { timeouts: { head: 200 } });
  const client = await proxy.connect();
  const trickle = setInterval(() => client.socket.writable && client.write("X-A: 1\r\n"), 20);
  t.teardown(() => clearInterval(trickle));
  client.write("GET / HTTP/1.1\r\n");
  const response = await readMessage(client);
  t.equal(response.status, 408);
  t.equal(field(response, "connection"), "close");
  t.equal(await client.ended(), "end");
  t.equal(upstream.connections.length, 0);
});

t.test("the second head on a connection has its own time", async (t) => {
  const upstream = await startUpstream(t, () => ok());
  const proxy = await startGateway(t, upstream.address, { timeouts: { head: 200, keepAlive: 10_000 } });
  const client = await proxy.connect();
  client.write(get());
  await readMessage(client);
  client.write("GET / HT");
  t.equal((await readMessage(client)).status, 408);
});

t.test("a connection that never says anything is closed without a word", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { timeouts: { head: 100 } });
  const client = await proxy.connect();
  t.equal(await client.takeRest(), "");
});

t.test("an idle connection is closed after keepAlive", async (t) => {
  const upstream = await startUpstream(t, () => ok());
  const proxy = await startGateway(t, upstream.address, { timeouts: { keepAlive: 100 } });
  const client = await proxy.connect();
  client.write(get());
  await readMessage(client);
  t.equal(await client.takeRest(), "");
});

t.test("a body that pauses is answered 408, and the endpoint is left", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { timeouts: { bodyIdle: 150 } });
  const client = await proxy.connect();
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  const peer = await upstream.connection();
  await peer.take("abc");
  const response = await readMessage(client);
  t.equal(response.status, 408);
  t.equal(field(response, "connection"), "close");
  await peer.ended();
  t.equal(peer.text, "");
});

t.test("a body that never begins is answered 408", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { timeouts: { bodyIdle: 150 } });
  const response = await proxy.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
  t.equal(response.status, 408);
});

t.test("a client that waits for the response is not a client that pauses", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { timeouts: { bodyIdle: 100, head: 100 } });
  const client = await proxy.connect();
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  const { peer } = await upstream.request();
  await new Promise((resolve) => setTimeout(resolve, 400));
  peer.write(ok("late"));
  t.equal((await readMessage(client)).body, "late");
});

for (const pipelined of [0, 100_000]) {
  const title = pipelined === 0 ? "" : ", also while its pipelined requests fill what may wait";
  t.test(`a client that stops reading is cut off and the endpoint is left${title}`, async (t) => {
    const upstream = await startUpstream(t);
    const proxy = await startGateway(t, upstream.address, { timeouts: { writeIdle: 400 } });
    const client = await proxy.connect();
    client.socket.pause();
    client.write(get("/big"));
    const { peer } = await upstream.request();
    peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${1024 ** 3}\r\n\r\n`);
    peer.write(Buffer.alloc(32 * 1024 * 1024));
    await settled(() => peer.socket.writableLength);
    client.write("G".repeat(pipelined));
    await peer.ended();
    t.equal((await proxy.record(1)).error, "client_stalled");
  });
}

t.test("a slow reader of the last response gets all of it", async (t) => {
  const size = 8 * 1024 * 1024;
  const upstream = await startUpstream(t, (_request, peer) => {
    peer.write("HTTP/1.1 200 OK\r\n\r\n");
    peer.write(Buffer.alloc(size, "x"));
    peer.close();
    return null;
  });
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.socket.pause();
  client.write("GET / HTTP/1.0\r\n\r\n");
  await until(() => {
    client.socket.read(64 * 1024);
    return proxy.records.length === 1;
  });
  t.ok(proxy.accepted[0]!.writableLength > 0, "the end of it waits in the proxy");
  await new Promise((resolve) => setTimeout(resolve, longerThanLingering));
  client.socket.resume();
  t.equal((await readMessage(client)).body.length, size);
});
