import t from "tap";
import { get, startGateway } from "../support/gateway.ts";
import { field, readMessage } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.test("a connection carries one request after another, upstream too", async (t) => {
  const upstream = await startUpstream(t, ({ startLine }) => ok(startLine));
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  for (const path of ["/a", "/b", "/c"]) {
    client.write(get(path));
    const response = await readMessage(client);
    t.equal(response.body, `GET ${path} HTTP/1.1`);
    t.equal(field(response, "connection"), null);
  }
  t.equal(upstream.connections.length, 1);
});

t.test("Connection: close ends the connection after the response", async (t) => {
  const upstream = await startUpstream(t, () => ok("bye"));
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(get("/", "Connection: close"));
  const response = await readMessage(client);
  t.equal(response.body, "bye");
  t.equal(field(response, "connection"), "close");
  t.equal(await client.ended(), "end");
});

t.test("Connection: close from the endpoint ends its connection, not the client's", async (t) => {
  const upstream = await startUpstream(t, () => ok("", "Connection: close"));
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  for (let i = 0; i < 2; i++) {
    client.write(get());
    t.equal(field(await readMessage(client), "connection"), null);
  }
  t.equal(upstream.connections.length, 2);
  t.equal(await upstream.connections[0]!.ended(), "end");
});

t.test("responses without a body leave the connection open", async (t) => {
  const replies: Record<string, string> = {
    HEAD: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
    "HEAD chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "GET 204": "HTTP/1.1 204 No Content\r\n\r\n",
    "GET 304": "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n",
  };
  for (const [name, reply] of Object.entries(replies)) {
    t.test(name, async (t) => {
      const [method = ""] = name.split(" ");
      const upstream = await startUpstream(t, () => reply);
      const proxy = await startGateway(t, upstream.address);
      const client = await proxy.connect();
      for (let i = 0; i < 2; i++) {
        client.write(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
        const response = await readMessage(client, { bodyless: true });
        t.equal(response.status, Number(reply.slice(9, 12)));
        const length = /Content-Length: (\d+)/.exec(reply)?.[1] ?? null;
        t.equal(field(response, "content-length"), length, "Content-Length is what it would have been");
      }
      t.equal(client.text, "");
      t.equal(upstream.connections.length, 1);
    });
  }
});

t.test("a 204 loses its Content-Length", async (t) => {
  const upstream = await startUpstream(t, () => "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n");
  const proxy = await startGateway(t, upstream.address);
  t.equal(field(await proxy.ask(get()), "content-length"), null);
});
