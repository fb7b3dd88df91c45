import t from "tap";
import { startGateway } from "../support/gateway.ts";
import { field, fieldNames, readMessage } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

const chunked =
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-T: 1\r\n\r\n";

t.test("an HTTP/1.0 client gets one response", async (t) => {
  const upstream = await startUpstream(t, () => ok("hello"));
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  const response = await readMessage(client);
  t.equal(response.body, "hello");
  t.equal(field(response, "connection"), "close");
  t.equal(await client.ended(), "end");
});

t.test("an HTTP/1.0 client may ask for keep-alive", async (t) => {
  const upstream = await startUpstream(t, () => ok("hello"));
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  for (let i = 0; i < 2; i++) {
    client.write("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
    const response = await readMessage(client);
    t.equal(response.body, "hello");
    t.equal(field(response, "connection"), "keep-alive");
  }
});

t.test("an HTTP/1.0 request needs no Host; the endpoint gets its own name", async (t) => {
  const upstream = await startUpstream(t, (request) => ok(field(request, "host") ?? "none"));
  const proxy = await startGateway(t, upstream.address);
  const response = await proxy.ask("GET / HTTP/1.0\r\n\r\n");
  t.equal(response.body, proxy.gateway.generation.config.clusters[0]!.endpoints[0]!.authority);
});

t.test("a chunked response is decoded for an HTTP/1.0 client and ends with the connection", async (t) => {
  const upstream = await startUpstream(t, () => chunked);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  const response = await readMessage(client);
  t.equal(response.body, "abcde");
  t.equal(field(response, "connection"), "close");
  t.notOk(fieldNames(response).includes("transfer-encoding"));
});

t.test("an HTTP/1.0 client never sees Transfer-Encoding, not even of a response to HEAD", async (t) => {
  const upstream = await startUpstream(t, () => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  const proxy = await startGateway(t, upstream.address);
  const response = await proxy.ask("HEAD / HTTP/1.0\r\nHost: a\r\n\r\n");
  t.notOk(fieldNames(response).includes("transfer-encoding"));
});

t.test("a chunked response that breaks is broken for an HTTP/1.0 client too", async (t) => {
  const upstream = await startUpstream(t, (_request, peer) => {
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    peer.close();
    return null;
  });
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  t.equal(await client.ended(), "reset");
});

t.test("a response of an HTTP/1.0 endpoint goes on as HTTP/1.1", async (t) => {
  const upstream = await startUpstream(t, (_request, peer) => {
    peer.write("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    return null;
  });
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  for (let i = 0; i < 2; i++) {
    client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const response = await readMessage(client);
    t.equal(response.startLine, "HTTP/1.1 200 OK");
    t.equal(field(response, "via"), "1.0 here");
  }
  t.equal(upstream.connections.length, 2, "its connections are not reused");
});
