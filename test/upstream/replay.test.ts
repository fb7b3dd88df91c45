/** What of a request body is kept for another attempt: as much as the route says. */
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import type { RetryConfig } from "../../core/config/traffic-model.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { field, readHead, readMessage } from "../support/message.ts";
import type { RawPeer } from "../support/raw-peer.ts";
import { ok, type RawUpstream, startUpstream } from "../support/raw-upstream.ts";
import { retrying, startCounting } from "./endpoints.ts";

/** Bytes that are nowhere the same, so that a part that is lost or sent twice shows. */
function textOf(length: number): string {
  let text = "";
  for (let i = 0; text.length < length; i++) text += `${i},`;
  return text.slice(0, length);
}

function headOf(length: number): string {
  return `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;
}

interface Pair {
  readonly first: RawUpstream;
  readonly second: RawUpstream;
  readonly proxy: TestGateway;
  readonly client: RawPeer;
}

/** The test answers for both endpoints; the first one is asked first. */
async function startPair(t: Test, retry: Partial<RetryConfig> = {}): Promise<Pair> {
  const [first, second] = [await startUpstream(t), await startUpstream(t)];
  const proxy = await startGateway(t, [first.address, second.address], { route: { retry: retrying(retry) } });
  return { first, second, proxy, client: await proxy.connect() };
}

for (const length of [1, 100, 8192, 8193, 30_000, 65_536]) {
  t.test(`a body of ${length} bytes that was there at once is sent again whole`, async (t) => {
    const { first, second, client } = await startPair(t);
    const body = textOf(length);
    client.write(headOf(length) + body);
    const { peer } = await first.request();
    peer.reset();
    const again = await second.request();
    t.ok(again.request.body === body);
    again.peer.write(ok());
    t.equal((await readMessage(client)).status, 200);
  });

  t.test(`a body of ${length} bytes that was sent as it came is sent again whole`, async (t) => {
    const { first, second, client, proxy } = await startPair(t);
    const body = textOf(length);
    const half = length >> 1;
    client.write(headOf(length) + body.slice(0, half));
    const peer = await first.connection();
    await readHead(peer);
    await peer.takeLength(half);
    client.write(body.slice(half));
    await peer.takeLength(length - half);
    peer.reset();
    const again = await second.request();
    t.ok(again.request.body === body);
    again.peer.write(ok());
    t.equal((await readMessage(client)).status, 200);
    t.match(await proxy.record(1), { attempts: 2, bytesIn: length });
  });
}

t.test("a body that is still on its way goes on at the other endpoint", async (t) => {
  const { first, second, client } = await startPair(t);
  const body = textOf(50_000);
  client.write(headOf(50_000) + body.slice(0, 20_000));
  const peer = await first.connection();
  await readHead(peer);
  await peer.takeLength(20_000);
  peer.reset();
  const other = await second.connection();
  await readHead(other);
  t.ok((await other.takeLength(20_000)) === body.slice(0, 20_000));
  for (let at = 20_000; at < 50_000; at += 10_000) client.write(body.slice(at, at + 10_000));
  t.ok((await other.takeLength(30_000)) === body.slice(20_000));
  other.write(ok());
  t.equal((await readMessage(client)).status, 200);
});

t.test("what comes during the pause is sent behind what was sent before", async (t) => {
  const { first, second, client, proxy } = await startPair(t, { backoff: { base: 300, longest: 300 } });
  const body = textOf(40_000);
  client.write(headOf(40_000) + body.slice(0, 10_000));
  const peer = await first.connection();
  await readHead(peer);
  await peer.takeLength(10_000);
  peer.reset();
  client.write(body.slice(10_000));
  const again = await second.request();
  t.ok(again.request.body === body);
  again.peer.write(ok());
  t.equal((await readMessage(client)).status, 200);
  t.match(await proxy.record(1), { attempts: 2 });
});

t.test("a body that goes on past the limit is sent nowhere else", async (t) => {
  const { first, second, client, proxy } = await startPair(t, { replay: 1000 });
  const body = textOf(1001);
  client.write(headOf(1001) + body.slice(0, 500));
  const peer = await first.connection();
  await readHead(peer);
  await peer.takeLength(500);
  client.write(body.slice(500));
  await peer.takeLength(501);
  peer.reset();
  t.equal((await readMessage(client)).status, 502);
  t.equal(second.connections.length, 0);
  t.match(await proxy.record(1), { attempts: 1, error: "upstream_closed" });
});

t.test("a body that was there at once is kept up to the limit and not beyond", async (t) => {
  for (const [length, status] of [
    [1000, 200],
    [1001, 502],
  ] as const) {
    const { first, second, client } = await startPair(t, { replay: 1000 });
    client.write(headOf(length) + textOf(length));
    const { peer } = await first.request();
    peer.reset();
    if (status === 200) (await second.request()).peer.write(ok());
    t.equal((await readMessage(client)).status, status);
    t.equal(second.connections.length, status === 200 ? 1 : 0);
  }
});

t.test("a limit of 0 keeps no body, and requests without one are sent again", async (t) => {
  const { first, second, client } = await startPair(t, { replay: 0 });
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  (await first.request()).peer.reset();
  (await second.request()).peer.write(ok());
  t.equal((await readMessage(client)).status, 200);
});

t.test("a long body goes through whole, and nothing of it stays", async (t) => {
  const body = textOf(3_000_000);
  const upstream = await startCounting(t, () => ok());
  const proxy = await startGateway(t, upstream.address, { route: { retry: retrying() } });
  const client = await proxy.connect();
  for (let i = 0; i < 2; i++) {
    client.write(headOf(body.length) + body);
    t.equal((await readMessage(client)).status, 200);
    t.ok(upstream.requests[i]!.body === body);
  }
});

t.test("a chunked body with trailers is sent again whole", async (t) => {
  const { first, second, client } = await startPair(t);
  client.write("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  const peer = await first.connection();
  await peer.take("hello\r\n");
  client.write("6\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n");
  await peer.take("X-Sum: 1\r\n\r\n");
  peer.reset();
  const again = await second.request();
  t.match(again.request, { body: "hello world", trailers: [["X-Sum", "1"]] });
  again.peer.write(ok());
  t.equal((await readMessage(client)).status, 200);
});

t.test("a body that comes byte by byte is sent again whole", async (t) => {
  const { first, second, client } = await startPair(t);
  const body = textOf(600);
  client.write(headOf(600));
  const peer = await first.connection();
  await readHead(peer);
  for (const byte of body) {
    client.write(byte);
    await peer.takeLength(1);
  }
  peer.reset();
  const again = await second.request();
  t.equal(again.request.body, body);
  again.peer.write(ok());
  t.equal((await readMessage(client)).status, 200);
});

t.test("a 503 before the end of the body is tried elsewhere, with all of it", async (t) => {
  const { first, second, client } = await startPair(t);
  const body = textOf(20_000);
  client.write(headOf(20_000) + body.slice(0, 5000));
  const peer = await first.connection();
  await readHead(peer);
  await peer.takeLength(5000);
  peer.write("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
  const other = await second.connection();
  const head = await readHead(other);
  t.equal(field(head, "content-length"), "20000");
  client.write(body.slice(5000));
  t.ok((await other.takeLength(20_000)) === body);
  other.write(ok());
  t.equal((await readMessage(client)).status, 200);
});

t.test("an endpoint that answers before it reads gets the body unharmed", async (t) => {
  const { first, client } = await startPair(t, { replay: 16 * 1024 * 1024 });
  const body = textOf(12_000_000);
  client.write(headOf(body.length) + body.slice(0, 1000));
  const peer = await first.connection();
  await readHead(peer);
  peer.socket.pause();
  client.write(body.slice(1000));
  // More than the buffers of the sockets take: some of it waits in the proxy.
  await sleep(200);
  peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
  await client.take("\r\n\r\no");
  peer.socket.resume();
  t.ok((await peer.takeLength(body.length)) === body);
  peer.write("k");
  t.equal(await client.take("k"), "k");
});
