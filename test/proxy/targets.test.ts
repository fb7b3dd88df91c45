import t from "tap";
import { startGateway } from "../support/gateway.ts";
import { field, readMessage } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.test("OPTIONS * reaches the endpoint as it is", async (t) => {
  const upstream = await startUpstream(t, ({ startLine }) => ok(startLine));
  const proxy = await startGateway(t, upstream.address);
  t.equal((await proxy.ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")).body, "OPTIONS * HTTP/1.1");
});

t.test("absolute-form becomes origin-form, and its authority is the Host", async (t) => {
  const upstream = await startUpstream(t, (request) => ok(`${request.startLine} ${field(request, "host")}`));
  const proxy = await startGateway(t, upstream.address);
  const response = await proxy.ask("GET http://b.test:81/x?y=1 HTTP/1.1\r\nHost: a.test\r\n\r\n");
  t.equal(response.body, "GET /x?y=1 HTTP/1.1 b.test:81");
});

for (const [method, target] of [
  ["CONNECT", "b.test:443"],
  ["TRACE", "/"],
]) {
  t.test(`${method} is answered 405 with Allow and never forwarded`, async (t) => {
    const upstream = await startUpstream(t);
    const proxy = await startGateway(t, upstream.address);
    const response = await proxy.ask(`${method} ${target} HTTP/1.1\r\nHost: b.test:443\r\n\r\n`);
    t.equal(response.status, 405);
    t.equal(field(response, "allow"), "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    t.equal(upstream.connections.length, 0);
  });
}

t.test("a method that the route does not take is answered 405 with those it takes", async (t) => {
  const upstream = await startUpstream(t);
  const match = {
    host: null,
    path: { kind: "prefix", value: "/" },
    scheme: null,
    headers: [],
    query: [],
    cookies: [],
  } as const;
  const proxy = await startGateway(t, upstream.address, {
    route: { match: { ...match, methods: ["GET", "HEAD"] } },
  });
  const response = await proxy.ask("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n");
  t.equal(response.status, 405);
  t.equal(field(response, "allow"), "GET, HEAD");
});

t.test("a request that no route matches is answered 404 and the connection stays", async (t) => {
  const upstream = await startUpstream(t, () => ok());
  const match = {
    host: null,
    path: { kind: "prefix", value: "/api" },
    methods: null,
    scheme: null,
    headers: [],
    query: [],
    cookies: [],
  } as const;
  const proxy = await startGateway(t, upstream.address, { route: { match } });
  const client = await proxy.connect();
  client.write("GET /other HTTP/1.1\r\nHost: a\r\n\r\nGET /api HTTP/1.1\r\nHost: a\r\n\r\n");
  t.equal((await readMessage(client)).status, 404);
  t.equal((await readMessage(client)).status, 200);
});
