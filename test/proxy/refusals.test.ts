import t from "tap";
import { startGateway } from "../support/gateway.ts";
import { field, readMessage } from "../support/message.ts";
import { startUpstream } from "../support/raw-upstream.ts";

const refused: Record<string, [status: number, request: string]> = {
  "bare LF": [400, "GET / HTTP/1.1\nHost: a\n\n"],
  "space before the colon": [400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"],
  "folded field": [400, "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n"],
  "missing Host": [400, "GET / HTTP/1.1\r\n\r\n"],
  "two Hosts": [400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
  "both Content-Length and Transfer-Encoding": [
    400,
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  "Content-Length twice": [
    400,
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello",
  ],
  "gzip, chunked": [400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"],
  "chunk size beyond 64 bits": [
    400,
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
  ],
  "path above the root": [400, "GET /../etc HTTP/1.1\r\nHost: a\r\n\r\n"],
  "request line of 9 kB": [414, `GET /${"a".repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  "101 fields": [431, `GET / HTTP/1.1\r\nHost: a\r\n${"X: 1\r\n".repeat(100)}\r\n`],
  "HTTP/2.0": [505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"],
};

for (const [name, [status, request]] of Object.entries(refused)) {
  t.test(`${name} is answered ${status}, the connection ends, the endpoint sees no request`, async (t) => {
    const upstream = await startUpstream(t);
    const proxy = await startGateway(t, upstream.address);
    const client = await proxy.connect();
    client.write(request);
    const response = await readMessage(client);
    t.equal(response.status, status);
    t.equal(field(response, "content-type"), "application/problem+json");
    t.equal(field(response, "connection"), "close");
    t.match(await proxy.record(1), { status, client: "127.0.0.1", error: /./ });
    t.equal(await client.takeRest(), "");
    for (const { text } of upstream.connections) t.notMatch(text, "\r\n0\r\n\r\n");
  });
}

t.test("a request behind a refused one is not read", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write("GET / HTTP/1.1\r\nHost : a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n");
  t.equal((await readMessage(client)).status, 400);
  t.equal(await client.takeRest(), "");
  t.equal(upstream.connections.length, 0);
});

t.test("the answers before a refused request arrive first", async (t) => {
  const upstream = await startUpstream(t, () => "HTTP/1.1 204 No Content\r\n\r\n");
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/9\r\n\r\n");
  t.equal((await readMessage(client)).status, 204);
  t.equal((await readMessage(client)).status, 400);
});

t.test(
  "a body that turns out malformed is answered 400, and the endpoint gets no whole request",
  async (t) => {
    const upstream = await startUpstream(t);
    const proxy = await startGateway(t, upstream.address);
    const client = await proxy.connect();
    client.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    const peer = await upstream.connection();
    await peer.take("hello\r\n");
    client.write("5 \n\r\nworld\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
    const response = await readMessage(client);
    t.equal(response.status, 400);
    t.equal(field(response, "connection"), "close");
    await peer.ended();
    t.equal(peer.text, "");
    t.equal(proxy.records.length, 1);
  },
);
