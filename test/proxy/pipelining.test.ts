import t from "tap";
import { until } from "../net/until.ts";
import { get, startGateway } from "../support/gateway.ts";
import { readMessage } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import { settled } from "../support/settled.ts";

t.test("pipelined requests are answered in their order", async (t) => {
  const upstream = await startUpstream(t, ({ startLine }) => ok(startLine));
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  const paths = Array.from({ length: 50 }, (_, i) => `/${i}`);
  client.write(paths.map((path) => get(path)).join(""));
  for (const path of paths) t.equal((await readMessage(client)).body, `GET ${path} HTTP/1.1`);
});

t.test("a request waits for the response before it, however fast its own would be", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(get("/slow") + get("/fast"));
  const { request, peer } = await upstream.request();
  t.match(request.startLine, "/slow");
  peer.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsl");
  await client.take("\r\n\r\nsl");
  t.equal(upstream.connections.length, 1);
  t.equal(peer.text, "", "the second request was not sent yet");
  peer.write("ow");
  await client.take("ow");
  t.match((await readMessage(peer)).startLine, "/fast");
  peer.write(ok("fast"));
  t.equal((await readMessage(client)).body, "fast");
});

t.test("a pipelined body is not taken for a request", async (t) => {
  const upstream = await startUpstream(t, ({ startLine, body }) => ok(`${startLine}|${body}`));
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  const inner = get("/smuggled");
  client.write(
    `POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: ${inner.length}\r\n\r\n${inner}` +
      `POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n${get("/3")}`,
  );
  t.equal((await readMessage(client)).body, `POST /1 HTTP/1.1|${inner}`);
  t.equal((await readMessage(client)).body, "POST /2 HTTP/1.1|abc");
  t.equal((await readMessage(client)).body, "GET /3 HTTP/1.1|");
});

t.test("half a request waits for its other half while the client does not read", async (t) => {
  const upstream = await startUpstream(t, () => ok("x".repeat(50_000)));
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.socket.pause();
  const [start, rest] = [get().slice(0, 10), get().slice(10)];
  client.write(start);
  let requests = 0;
  do {
    client.write(rest + start);
    await proxy.record(++requests);
  } while (!proxy.accepted[0]!.writableNeedDrain);
  client.write(rest);
  client.socket.resume();
  for (let i = 0; i <= requests; i++) t.equal((await readMessage(client)).status, 200);
});

t.test("a client that pipelines thousands of requests and does not read is stopped", async (t) => {
  const requests = 4000;
  const size = 20_000;
  const upstream = await startUpstream(t, () => ok("x".repeat(size)));
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.socket.pause();
  client.write(get().repeat(requests));
  await settled(() => proxy.records.length);
  // What the kernel buffers on both sides of a loopback connection is a few MB.
  t.ok(proxy.records.length * size < 16 * 1024 * 1024, `${proxy.records.length} requests were answered`);
  client.socket.resume();
  await until(() => {
    client.text = "";
    return proxy.records.length === requests;
  });
  t.ok(proxy.records.every(({ status }) => status === 200));
});
