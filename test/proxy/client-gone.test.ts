import t from "tap";
import { get, startGateway } from "../support/gateway.ts";
import { readMessage } from "../support/message.ts";
import type { RawPeer } from "../support/raw-peer.ts";
import { startUpstream } from "../support/raw-upstream.ts";

const ways: Record<string, (client: RawPeer) => void> = {
  "is reset": (client) => client.reset(),
  ends: (client) => client.close(),
};

for (const [way, leave] of Object.entries(ways)) {
  t.test(`when the client's connection ${way} the endpoint's is closed at once`, async (t) => {
    const upstream = await startUpstream(t);
    const proxy = await startGateway(t, upstream.address);

    t.test("before the response", async (t) => {
      const client = await proxy.connect();
      client.write(get("/before"));
      const { peer } = await upstream.request();
      leave(client);
      await peer.ended();
      const record = proxy.records.at(-1)!;
      t.match(record, { path: "/before", status: 499, error: "client_gone" });
    });

    t.test("inside the request body", async (t) => {
      const client = await proxy.connect();
      client.write("POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
      const peer = await upstream.connection();
      await peer.take("hel");
      leave(client);
      await peer.ended();
      t.equal(peer.text, "");
      t.match(proxy.records.at(-1)!, { path: "/upload", error: "client_gone", bytesIn: 6 });
    });

    t.test("inside the response body", async (t) => {
      const client = await proxy.connect();
      client.write(get("/download"));
      const { peer } = await upstream.request();
      peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
      await client.take("hello");
      leave(client);
      await peer.ended();
      t.match(proxy.records.at(-1)!, { path: "/download", status: 200, error: "client_gone", bytesOut: 5 });
    });
  });
}

t.test("a client that leaves while its request waits for a connection leaves the queue", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { cluster: { maxConnections: 1 } });
  const [first, second, third] = [await proxy.connect(), await proxy.connect(), await proxy.connect()];
  first.write(get("/1"));
  const { peer } = await upstream.request();
  second.write(get("/2"));
  second.reset();
  t.match(await proxy.record(1), { path: "/2", status: 499, upstreamMs: null });
  third.write(get("/3"));
  peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  await readMessage(first);
  t.match((await readMessage(peer)).startLine, "/3");
});

t.test("bytes behind the last request do not keep a connection alive that was told to end", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { limits: { requestBody: 10 } });
  const client = await proxy.connect();
  client.write(
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n${"x".repeat(11)}\r\n0\r\n\r\n`,
  );
  t.equal((await readMessage(client)).status, 413);
  t.equal(await client.ended(), "end");
  await new Promise((resolve) => proxy.accepted[0]!.once("close", resolve));
  t.pass("the proxy does not wait for the client to end, too");
});
