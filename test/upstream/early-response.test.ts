import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { get, startGateway } from "../support/gateway.ts";
import { field, readHead, readMessage } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

const upload = (length: number) => `POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;

t.test(
  "a response that comes before the body is whole reaches the client, then both connections end",
  async (t) => {
    const upstream = await startUpstream(t);
    const proxy = await startGateway(t, upstream.address);
    const client = await proxy.connect();
    client.write(`${upload(100)}some`);
    const peer = await upstream.connection();
    await peer.take("some");
    peer.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    const response = await readMessage(client);
    t.equal(response.status, 403);
    t.equal(response.body, "no");
    t.equal(field(response, "connection"), "close");
    t.equal(await client.ended(), "end");
    await peer.ended();
  },
);

t.test("a client that goes on sending still gets the early response", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(`${upload(500_000)}begin`);
  const peer = await upstream.connection();
  await peer.take("begin");
  peer.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
  const response = readMessage(client);
  for (let i = 0; i < 40 && !client.socket.destroyed; i++) {
    client.write(Buffer.alloc(10_000));
    await new Promise(setImmediate);
  }
  t.equal((await response).status, 413);
});

t.test("what is left of an abandoned body is never taken for a request", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(`${upload(1000)}begin`);
  const peer = await upstream.connection();
  await peer.take("begin");
  peer.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  await readMessage(client);
  client.write(get("/smuggled").repeat(5));
  await client.ended();
  t.equal(proxy.records.length, 1);
  t.equal(upstream.connections.length, 1);
});

t.test("while an early response streams the body goes on", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(`${upload(10)}12345`);
  const peer = await upstream.connection();
  await peer.take("12345");
  peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
  await readHead(client);
  await client.take("first");
  client.write("67890");
  await peer.take("67890");
  peer.write("6\r\nsecond\r\n0\r\n\r\n");
  await client.take("second\r\n0\r\n\r\n");
  t.match(await proxy.record(1), { status: 200, error: null, bytesIn: 10 });
});

t.test("an endpoint that answers and resets does not take the answer away", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(`${upload(10)}12345`);
  const peer = await upstream.connection();
  await peer.take("12345");
  peer.socket.write(ok("done"), () => peer.reset());
  t.equal((await readMessage(client)).body, "done");
});

t.test("a connection that carried an early response carries nothing else", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(`${upload(10)}12345`);
  const peer = await upstream.connection();
  await peer.take("12345");
  peer.write(ok("done"));
  await readMessage(client);
  await peer.ended();
  const other = await proxy.connect();
  other.write(get("/other"));
  t.match((await upstream.request()).request.startLine, "/other");
});

t.test("an endpoint that answers, reads no more and is gone does not take the answer away", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  for (let i = 0; i < 30; i++) {
    const client = await proxy.connect();
    client.write(upload(4_000_000));
    const peer = await upstream.connection();
    await readHead(peer);
    peer.socket.pause();
    for (let sent = 0; sent < i; sent++) client.write(Buffer.alloc(50_000));
    peer.socket.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno", () =>
      peer.socket.destroy(),
    );
    for (let sent = i; sent < 40; sent++) {
      await new Promise(setImmediate);
      if (client.isOpen) client.write(Buffer.alloc(50_000));
    }
    t.equal((await readMessage(client)).status, 413);
    client.socket.destroy();
  }
});

t.test(
  "an endpoint that resets while more of the body is on its way to it is found out at once",
  async (t) => {
    const upstream = await startUpstream(t);
    const proxy = await startGateway(t, upstream.address);
    for (let i = 0; i < 10; i++) {
      const client = await proxy.connect();
      client.write(`${upload(10)}12345`);
      const peer = await upstream.connection();
      await peer.take("12345");
      // In this order: the write to the endpoint is what meets the reset, not the next read.
      client.write("67890");
      peer.reset();
      const late = sleep(3000, null, { ref: false });
      t.equal((await Promise.race([readMessage(client), late]))?.status, 502);
      client.socket.destroy();
    }
  },
);

t.test(
  "a body that ends with its connection is not whole when the connection was reset, though a write met that first",
  async (t) => {
    const upstream = await startUpstream(t);
    const proxy = await startGateway(t, upstream.address);
    for (let i = 0; i < 10; i++) {
      const client = await proxy.connect();
      client.write(`${upload(15)}12345`);
      const peer = await upstream.connection();
      await peer.take("12345");
      peer.write("HTTP/1.1 200 OK\r\n\r\nbegun");
      await client.take("begun");
      client.write("67890");
      peer.reset();
      const late = sleep(3000, "late", { ref: false });
      t.not(await Promise.race([client.ended(), late]), "late");
      t.notMatch(client.text, /0\r\n\r\n$/);
      client.socket.destroy();
    }
  },
);
