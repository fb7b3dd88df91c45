/** Handlers that come too early, too late or at the same time. */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { until } from "../net/until.ts";
import { get } from "../support/gateway.ts";
import { nothingHeld, untilNothingHeld } from "../support/holdings.ts";
import { field, readMessage } from "../support/message.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);
t.setTimeout(60_000);

const plugins = (members: string) => ({ "p.ts": `export default { ${members} };` });
const post = (body: string, ...fields: string[]) =>
  ["POST / HTTP/1.1", "Host: a.test", ...fields, `Content-Length: ${body.length}`, "", body].join("\r\n");

t.test("What a handler edits after it has returned goes nowhere", async (t) => {
  const upstream = await startUpstream(t, (request) => ok(`${field(request, "x-late")}`));
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins(
      'onRequest(r) { r.headers.set("x-a", "1"); setTimeout(() => { r.headers.set("x-late", "1"); r.url = "/late"; }, 0); queueMicrotask(() => r.headers.set("x-late", "1")); }',
    ),
  });
  for (let i = 0; i < 3; i++) t.equal((await gateway.ask(get())).body, "null");
});

t.test("A request body that has gone upstream is not read any more", async (t) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins(
      'onRequest(r, ctx) { ctx.state.r = r; }, async onResponse(s, ctx) { s.headers.set("x-read", await Promise.race([ctx.state.r.text().catch((e) => e.name), new Promise((r) => setTimeout(r, 300, "nothing"))])); }',
    ),
  });
  const response = await gateway.ask(post("secret"));
  t.match(field(response, "x-read"), /Error$/);
});

t.test("A reply while the body still comes is sent, and the connection ends", async (t) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins('onRequest() { return new Response("no", { status: 403 }); }'),
  });
  const client = await gateway.connect();
  client.write("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\nhalf");
  const response = await readMessage(client);
  t.match(response, { status: 403, body: "no" });
  t.equal(field(response, "connection"), "close");
  await client.ended();
});

t.test("A body that a policy ends early is read to its end, and the connection serves on", async (t) => {
  const upstream = await startUpstream(t, (request) => ok(request.body));
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins("onRequestBody(chunk, ctx) { ctx.end(); return 'E'; }"),
  });
  const client = await gateway.connect();
  for (let i = 0; i < 3; i++) {
    client.write(
      "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n",
    );
    t.equal((await readMessage(client)).body, "E");
  }
});

t.test("Both bodies of one exchange pass a guest at the same time, unharmed", async (t) => {
  const size = 1024 * 1024;
  const upstream = await startUpstream(t);
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins(
      "async onRequestBody(chunk) { await null; return chunk.map((b) => b ^ 255); }, async onResponseBody(chunk) { await new Promise((r) => setTimeout(r, 0)); return chunk.map((b) => b ^ 255); }",
    ),
  });
  const client = await gateway.connect();
  const sent = Buffer.alloc(size, "0123456789abcdef!");
  client.write(`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${size}\r\n\r\n`);
  const peer = await upstream.connection();
  await peer.take("\r\n\r\n");
  peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  // The endpoint sends what it gets, chunks and all.
  peer.socket.removeAllListeners("data");
  peer.write(peer.text);
  peer.socket.pipe(peer.socket, { end: false });
  client.write(sent);
  const { body } = await readMessage(client);
  t.equal(sha(Buffer.from(body, "latin1")), sha(sent));
});

t.test("A response that is replaced while it comes costs its connection, not the answer", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins(
      'async onResponse() { await new Promise((r) => setTimeout(r, 20)); return new Response("mine"); }',
    ),
  });
  for (let i = 0; i < 3; i++) {
    const asked = gateway.ask(get());
    const { peer } = await upstream.request();
    peer.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${"x".repeat(100_000)}`);
    t.equal((await asked).body, "mine");
    await peer.ended();
  }
  t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
});

t.test("A client that goes while a response handler is at work leaves nothing", async (t) => {
  const upstream = await startUpstream(t, () => ok("x".repeat(100_000)));
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins(
      'async onResponse(r, ctx) { ctx.signal.addEventListener("abort", () => console.log("aborted")); console.log("at work"); await r.text(); await new Promise((resolve) => setTimeout(resolve, 50)); }',
    ),
  });
  const client = await gateway.connect();
  client.write(get());
  await until(() => gateway.lines.length === 1);
  client.reset();
  await until(() => gateway.lines.length === 2);
  t.equal(gateway.lines[1]!.message, "aborted");
  t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
});

t.test("A response to HEAD has no body, whatever a policy puts there", async (t) => {
  const upstream = await startUpstream(t, () => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  for (const members of [
    'onResponse(r) { r.setBody("other body"); }',
    'onResponse() { return new Response("mine"); }',
    'onRequest() { return new Response("local"); }',
    'onResponseBody() { return "part"; }',
  ]) {
    const gateway = await startPolicyGateway(t, upstream.address, { plugins: plugins(members) });
    const client = await gateway.connect();
    client.write("HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n".repeat(2));
    for (let i = 0; i < 2; i++) t.equal((await readMessage(client, { bodyless: true })).status, 200);
    await sleep(20);
    t.equal(client.text, "", members);
  }
});

t.test("Two configs of one plugin are two policies in one guest", async (t) => {
  const upstream = await startUpstream(t, (request) => ok(`${field(request, "x-name")}`));
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins(
      'config: { type: "object", properties: { name: { type: "string", default: "none" } } }, setup(config) { console.log("set up " + config.name); }, onRequest(r, ctx) { ctx.state.n = (ctx.state.n ?? 0) + 1; r.headers.append("x-name", ctx.config.name + ctx.state.n); }',
    ),
    config: (base) => {
      const [route] = base.routes;
      const at = (path: string, name: string, ...configs: unknown[]) => ({
        ...route!,
        name,
        match: { ...route!.match, path: { kind: "prefix" as const, value: path } },
        policies: configs.map((config) => ({ plugin: "p", config })),
      });
      return {
        ...base,
        routes: [
          at("/a", "a", { name: "one" }),
          at("/b", "b", { name: "two" }),
          at("/c", "c", { name: "one" }, { name: "two" }),
          at("/", "rest", null),
        ],
      };
    },
  });
  t.equal((await gateway.ask(get("/a"))).body, "one1");
  t.equal((await gateway.ask(get("/b"))).body, "two1");
  t.equal((await gateway.ask(get("/c"))).body, "one1, two1");
  t.equal((await gateway.ask(get("/"))).body, "none1");
  t.strictSame(
    gateway.lines.map(({ message }) => message),
    ["set up one", "set up two", "set up none"],
  );
});

function sha(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
