import t from "tap";
import { get, startGateway } from "../support/gateway.ts";
import { field, readHead, readMessage } from "../support/message.ts";
import { startUpstream } from "../support/raw-upstream.ts";

const beginnings: Record<string, string> = {
  "Content-Length": "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
  chunked: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello",
  "chunked, at a chunk boundary": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
  "chunked, before the trailers end":
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
  "delimited by close": "HTTP/1.1 200 OK\r\n\r\nhello",
};

for (const [kind, beginning] of Object.entries(beginnings)) {
  for (const end of ["close", "reset"] as const) {
    const isWhole = kind === "delimited by close" && end === "close";
    t.test(
      `a response ${kind} that ends by ${end} ${isWhole ? "is whole" : "breaks the client's"}`,
      async (t) => {
        for (const version of ["1.1", "1.0"]) {
          const upstream = await startUpstream(t);
          const proxy = await startGateway(t, upstream.address);
          const client = await proxy.connect();
          client.write(`GET / HTTP/${version}\r\nHost: a\r\n\r\n`);
          const { peer } = await upstream.request();
          peer.write(beginning);
          await client.take("hello");
          peer[end]();
          if (isWhole) {
            await (version === "1.1" ? client.take("\r\n0\r\n\r\n") : client.takeRest());
            t.equal((await proxy.record(1)).error, null);
          } else {
            t.equal(await client.ended(), "reset", `HTTP/${version}`);
            t.notMatch(client.text, "\r\n0\r\n\r\n");
            t.match(await proxy.record(1), { status: 200, error: "response_truncated" });
          }
        }
      },
    );
  }
}

t.test("an endpoint that closes without an answer is answered 502", async (t) => {
  for (const end of ["close", "reset"] as const) {
    for (const part of ["", "HTTP/1.1 200 OK\r\nContent"]) {
      const upstream = await startUpstream(t);
      const proxy = await startGateway(t, upstream.address);
      const client = await proxy.connect();
      client.write(get());
      const { peer } = await upstream.request();
      peer.write(part);
      peer.socket.write("", () => peer[end]());
      const response = await readMessage(client);
      t.equal(response.status, 502);
      t.equal(field(response, "connection"), null, "the client's connection is as good as before");
    }
  }
});

t.test("a response delimited by close is chunked for HTTP/1.1 and closed for HTTP/1.0", async (t) => {
  const upstream = await startUpstream(t, (_request, peer) => {
    peer.write("HTTP/1.1 200 OK\r\n\r\n");
    peer.write("a".repeat(100_000));
    peer.close();
    return null;
  });
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  for (let i = 0; i < 2; i++) {
    client.write(get());
    const response = await readMessage(client);
    t.equal(field(response, "transfer-encoding"), "chunked");
    t.equal(response.body.length, 100_000);
  }
  const old = await proxy.connect();
  old.write("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  const response = await readMessage(old);
  t.equal(field(response, "connection"), "close");
  t.equal(response.body.length, 100_000);
});

const malformed: Record<string, string> = {
  "not HTTP": "SSH-2.0-OpenSSH_9.2\r\n\r\n",
  "bare LF": "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
  "status of two digits": "HTTP/1.1 20 OK\r\n\r\n",
  "status 600": "HTTP/1.1 600 OK\r\n\r\n",
  "space before the colon": "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
  "folded field": "HTTP/1.1 200 OK\r\nX: 1\r\n\t2\r\nContent-Length: 0\r\n\r\n",
  "NUL in a value": "HTTP/1.1 200 OK\r\nX: \0\r\nContent-Length: 0\r\n\r\n",
  "both framings": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "two lengths": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 1\r\n\r\n",
  "a list of lengths": "HTTP/1.1 200 OK\r\nContent-Length: 0, 0\r\n\r\n",
  "negative length": "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
  "unknown coding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
  "Transfer-Encoding in HTTP/1.0": "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "Transfer-Encoding in 204": "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "too many fields": `HTTP/1.1 200 OK\r\n${"X: 1\r\n".repeat(101)}\r\n`,
  "head too large": `HTTP/1.1 200 OK\r\nX: ${"x".repeat(40_000)}\r\n\r\n`,
  "bad chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5x\r\nhello\r\n0\r\n\r\n",
  "HTTP/2": "HTTP/2.0 200 OK\r\n\r\n",
};

for (const [kind, reply] of Object.entries(malformed)) {
  t.test(`${kind} is answered 502, and the connection dropped`, async (t) => {
    const upstream = await startUpstream(t, () => reply);
    const proxy = await startGateway(t, upstream.address);
    const client = await proxy.connect();
    for (let i = 0; i < 2; i++) {
      client.write(get());
      t.equal((await readMessage(client)).status, 502);
    }
    t.equal(upstream.connections.length, 2);
    for (const peer of upstream.connections) await peer.ended();
    t.equal((await proxy.record(2)).upstream, `127.0.0.1:${(upstream.address as { port: number }).port}`);
  });
}

t.test("a chunk that goes wrong late breaks the response off", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(get());
  const { peer } = await upstream.request();
  peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  await readHead(client);
  await client.take("hello");
  peer.write("0x5\r\nworld\r\n0\r\n\r\n");
  t.equal(await client.ended(), "reset");
  t.notMatch(client.text, "world");
});
