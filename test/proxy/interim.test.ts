import t from "tap";
import { get, startGateway } from "../support/gateway.ts";
import { field, readHead, readMessage } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

const upload = (...fields: string[]) =>
  `${["POST / HTTP/1.1", "Host: a", "Content-Length: 5", ...fields].join("\r\n")}\r\n\r\n`;

t.test("Expect: 100-continue is answered by the endpoint", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(upload("Expect: 100-continue"));
  const peer = await upstream.connection();
  t.equal(field(await readHead(peer), "expect"), "100-continue");
  peer.write("HTTP/1.1 100 Continue\r\n\r\n");
  t.equal((await readHead(client)).startLine, "HTTP/1.1 100 Continue");
  client.write("hello");
  t.equal(await peer.takeLength(5), "hello");
  peer.write(ok("done"));
  t.equal((await readMessage(client)).body, "done");
  client.write(get());
  await readMessage(peer);
});

t.test("an endpoint that refuses an expectation gets no body, and the connection ends", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(upload("Expect: 100-continue"));
  const peer = await upstream.connection();
  await readHead(peer);
  peer.write("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
  const response = await readMessage(client);
  t.equal(response.status, 417);
  t.equal(field(response, "connection"), "close");
  t.equal(await client.ended(), "end");
  t.equal(await peer.ended(), "end");
});

t.test("a client that waits for 100 Continue is not a client that pauses", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { timeouts: { bodyIdle: 100 } });
  const client = await proxy.connect();
  client.write(upload("Expect: 100-continue"));
  const peer = await upstream.connection();
  await readHead(peer);
  await new Promise((resolve) => setTimeout(resolve, 300));
  peer.write("HTTP/1.1 100 Continue\r\n\r\n");
  t.equal((await readHead(client)).status, 100);
  client.write("hello");
  await peer.take("hello");
  peer.write(ok("done"));
  t.equal((await readMessage(client)).body, "done");
});

t.test("an expectation other than 100-continue is answered 417", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const response = await proxy.ask(get("/", "Expect: 200-maybe"));
  t.equal(response.status, 417);
  t.equal(upstream.connections.length, 0);
});

t.test("a long upload after 100 Continue is not a late response", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { clusterTimeouts: { responseHead: 300 } });
  const client = await proxy.connect();
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\n");
  const peer = await upstream.connection();
  await readHead(peer);
  peer.write("HTTP/1.1 100 Continue\r\n\r\n");
  await readHead(client);
  for (const byte of "12345678") {
    await new Promise((resolve) => setTimeout(resolve, 80));
    client.write(byte);
    await peer.take(byte);
  }
  peer.write(ok("done"));
  t.equal((await readMessage(client)).body, "done");
});

t.test("103 and other interim responses are passed on, each with its fields", async (t) => {
  const upstream = await startUpstream(
    t,
    () =>
      "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n" +
      `HTTP/1.1 102 Processing\r\n\r\n${ok("final")}`,
  );
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(get());
  const hints = await readHead(client);
  t.equal(hints.status, 103);
  t.same(hints.fields, [["Link", "</a.css>; rel=preload"]]);
  t.equal((await readHead(client)).status, 102);
  t.equal((await readMessage(client)).body, "final");
});

t.test("an interim response does not wait for the final one", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(get());
  const { peer } = await upstream.request();
  peer.write("HTTP/1.1 103 Early Hints\r\n\r\n");
  t.equal((await readHead(client)).status, 103);
  peer.write(ok());
  t.equal((await readMessage(client)).status, 200);
});

t.test("an HTTP/1.0 client gets no interim response", async (t) => {
  const upstream = await startUpstream(t, () => `HTTP/1.1 103 Early Hints\r\n\r\n${ok("final")}`);
  const proxy = await startGateway(t, upstream.address);
  const response = await proxy.ask("GET / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\n\r\n");
  t.equal(response.status, 200);
});

t.test("an endpoint that sends interim responses without end is answered 502", async (t) => {
  const upstream = await startUpstream(t, () => "HTTP/1.1 102 Processing\r\n\r\n".repeat(40));
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(get());
  await client.take("HTTP/1.1 502 ");
  t.equal(await upstream.connections[0]!.ended(), "end");
  t.equal((await proxy.record(1)).error, "interim_flood");
});
