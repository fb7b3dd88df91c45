import t from "tap";
import { freePort } from "../support/free-port.ts";
import { get, startGateway } from "../support/gateway.ts";
import { field } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.test("an error is told as problem+json with Proxy-Status", async (t) => {
  const proxy = await startGateway(t, { host: "127.0.0.1", port: await freePort() });
  const response = await proxy.ask(get());
  t.equal(response.startLine, "HTTP/1.1 502 Bad Gateway");
  t.equal(field(response, "content-type"), "application/problem+json");
  t.equal(field(response, "cache-control"), "no-store");
  t.equal(field(response, "proxy-status"), 'here; error=connection_refused; details="connect_refused"');
  const problem = JSON.parse(response.body);
  t.match(problem, { type: "about:blank", status: 502, code: "connect_refused" });
  t.equal(problem.requestId, field(response, "x-request-id"));
  t.equal(problem.requestId, (await proxy.record(1)).requestId);
});

t.test("no reply tells where the endpoints are", async (t) => {
  const port = await freePort();
  const broken = await startUpstream(t, () => "HTTP/9 what?\r\n\r\n");
  for (const address of [{ host: "127.0.0.1", port }, { path: "/nowhere/at/all.sock" }, broken.address]) {
    const proxy = await startGateway(t, address);
    const { fields, body, startLine } = await proxy.ask(get());
    const reply = [startLine, ...fields.map((line) => line.join(": ")), body].join("\n");
    t.notMatch(reply, "127.0.0.1");
    t.notMatch(reply, `${port}`);
    t.notMatch(reply, "nowhere");
    t.notMatch(reply, /\bat .*:\d+:\d+/);
    t.notMatch(reply, "what?");
  }
});

t.test("an error reply to HEAD has no body, and the connection goes on", async (t) => {
  const upstream = await startUpstream(t, () => ok("ok"));
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
  client.write(`HEAD / HTTP/1.1\r\nHost: a\r\n\r\n${get("/api")}`);
  t.match(await client.take("\r\n\r\n"), /^HTTP\/1.1 404 .*content-length: [1-9]/is);
  t.match(await client.take("\r\n\r\n"), /^HTTP\/1.1 200 /);
});

t.test("what a client sent is quoted in ASCII", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const response = await proxy.ask("GET / HTTP/1.1\r\nHost: \xe9\r\n\r\n");
  t.equal(response.status, 400);
  t.match(response.body, /^[\x20-\x7e]*\n$/);
  t.equal(response.body.length, Number(field(response, "content-length")));
});
