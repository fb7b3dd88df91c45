import { join } from "node:path";
import t from "tap";
import { socketFolder } from "../net/socket-folder.ts";
import { until } from "../net/until.ts";
import { get, startGateway } from "../support/gateway.ts";
import { field, readMessage } from "../support/message.ts";
import type { RawPeer } from "../support/raw-peer.ts";
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

t.test("a slow reader gets all of the last response, whether the connection goes on or ends", async (t) => {
  const size = 50_000;
  const upstream = await startUpstream(t, () => ok("x".repeat(size)));
  // What the kernel takes of a Unix socket is little, and always the same.
  const address = { path: join(socketFolder(t), "a.sock") };
  const proxy = await startGateway(t, upstream.address, {
    listener: { address },
    timeouts: { keepAlive: 100 },
  });
  const open = async () => {
    const client = await proxy.connect();
    client.socket.pause();
    return { client, socket: proxy.accepted.at(-1)! };
  };
  const ask = async (client: RawPeer, request: string) => {
    const finished = proxy.records.length;
    client.write(request);
    await proxy.record(finished + 1);
  };
  const kept = await open();
  let responses = 0;
  for (; !kept.socket.writableNeedDrain; responses++) await ask(kept.client, get());
  const closed = await open();
  for (let i = 1; i < responses; i++) await ask(closed.client, get());
  await ask(closed.client, get("/", "Connection: close"));
  t.ok(closed.socket.writableLength > 0, "the end of the last response waits in the proxy");

  await new Promise((resolve) => setTimeout(resolve, longerThanLingering));
  for (const { client } of [kept, closed]) {
    client.socket.resume();
    for (let i = 0; i < responses; i++) t.equal((await readMessage(client)).body.length, size);
    t.equal(await client.ended(), "end");
  }
});

t.test(
  "a client that never reads the last response is cut off so that it cannot take it for whole",
  async (t) => {
    const upstream = await startUpstream(t, () => ok("x".repeat(50_000)));
    const proxy = await startGateway(t, upstream.address, { timeouts: { writeIdle: 200 } });
    const client = await proxy.connect();
    client.socket.pause();
    const [socket] = proxy.accepted;
    for (let n = 1; !socket!.writableNeedDrain; n++) {
      client.write(get());
      await proxy.record(n);
    }
    await until(() => socket!.destroyed);
    client.socket.resume();
    t.equal(await client.ended(), "reset");
  },
);
