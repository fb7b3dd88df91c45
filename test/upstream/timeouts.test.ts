import t from "tap";
import { get, startGateway } from "../support/gateway.ts";
import { field, readHead, readMessage } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.test("an endpoint that does not answer is left and the client answered 504", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { clusterTimeouts: { responseHead: 150 } });
  const client = await proxy.connect();
  client.write(get());
  const { peer } = await upstream.request();
  const response = await readMessage(client);
  t.equal(response.status, 504);
  t.match(field(response, "proxy-status"), 'error=http_response_timeout; details="response_head_timeout"');
  t.equal(field(response, "connection"), null);
  await peer.ended();
  client.write(get("/again"));
  t.match((await upstream.request()).request.startLine, "/again", "on a connection of its own");
});

t.test("half a head is no answer", async (t) => {
  const upstream = await startUpstream(t, () => "HTTP/1.1 200 OK\r\nContent-Le");
  const proxy = await startGateway(t, upstream.address, { clusterTimeouts: { responseHead: 150 } });
  t.equal((await proxy.ask(get())).status, 504);
});

t.test("an interim response is no answer either", async (t) => {
  const upstream = await startUpstream(t, () => "HTTP/1.1 103 Early Hints\r\n\r\n");
  const proxy = await startGateway(t, upstream.address, { clusterTimeouts: { responseHead: 150 } });
  const client = await proxy.connect();
  client.write(get());
  t.equal((await readHead(client)).status, 103);
  t.equal((await readMessage(client)).status, 504);
});

t.test("the time to answer runs from the last byte of the request", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { clusterTimeouts: { responseHead: 300 } });
  const client = await proxy.connect();
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n");
  const peer = await upstream.connection();
  await readHead(peer);
  for (const byte of "123456") {
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.write(byte);
    await peer.take(byte);
  }
  peer.write(ok("done"));
  t.equal((await readMessage(client)).body, "done");
});

t.test("a response body that stalls is broken off", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { clusterTimeouts: { responseIdle: 200 } });
  const client = await proxy.connect();
  client.write(get());
  const { peer } = await upstream.request();
  peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    peer.write("x");
    await client.take("x");
  }
  t.equal(await client.ended(), "reset");
  await peer.ended();
  t.match(await proxy.record(1), { status: 200, error: "response_idle_timeout", bytesOut: 4 });
});

t.test("a client that reads slowly is not a response that stalls", async (t) => {
  const size = 32 * 1024 * 1024;
  const upstream = await startUpstream(t, () => ok("x".repeat(size)));
  const proxy = await startGateway(t, upstream.address, { clusterTimeouts: { responseIdle: 100 } });
  const client = await proxy.connect();
  client.socket.pause();
  client.write(get());
  await new Promise((resolve) => setTimeout(resolve, 500));
  client.socket.resume();
  t.equal((await readMessage(client)).body.length, size);
});

t.test("an endpoint that stops reading the request is answered for with 504", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { clusterTimeouts: { responseHead: 300 } });
  const client = await proxy.connect();
  const size = 64 * 1024 * 1024;
  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
  const peer = await upstream.connection();
  await readHead(peer);
  peer.socket.pause();
  client.write(Buffer.alloc(size));
  const response = await readMessage(client);
  t.equal(response.status, 504);
  t.equal(field(response, "connection"), "close");
});
