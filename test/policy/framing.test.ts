/** Messages keep their bounds, whatever policies make of them, and connections serve on behind them. */
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { get } from "../support/gateway.ts";
import { field, readHead, readMessage } from "../support/message.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

const transform =
  "onResponseBody(chunk, ctx) { return ctx.last ? '!' : new TextDecoder().decode(chunk).toUpperCase(); }";
const plugins = (members: string) => ({ "p.ts": `export default { ${members} };` });

/** What a policy may do with a response; each leaves the connection usable. */
const treatments: Readonly<Record<string, string>> = {
  "does nothing": "onResponse() {}",
  "sets a field": 'onResponse(r) { r.headers.set("x-a", "1"); }',
  "reads the body": "async onResponse(r) { await r.text(); }",
  "puts another body there": 'async onResponse(r) { r.setBody((await r.text()) + "?"); }',
  "replaces the response": 'onResponse() { return new Response("mine"); }',
  "transforms the body": transform,
  "answers by itself": 'onRequest() { return new Response("local"); }',
  fails: 'onResponse() { throw new Error("x"); }',
  "drops the body": "onResponseBody() { return null; }",
  "ends the body": 'onResponseBody(chunk, ctx) { ctx.end(); return "E"; }',
};

const answers: Readonly<Record<string, string>> = {
  "with a length": ok("hello"),
  "in chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
  "without a body": "HTTP/1.1 204 No Content\r\n\r\n",
  "not modified": 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n',
  empty: ok(""),
};

for (const [what, members] of Object.entries(treatments)) {
  t.test(`A connection serves on behind responses of which a policy ${what}`, async (t) => {
    let answer = "";
    const upstream = await startUpstream(t, () => answer);
    const gateway = await startPolicyGateway(t, upstream.address, { plugins: plugins(members) });
    const client = await gateway.connect();
    for (const [kind, text] of Object.entries(answers)) {
      answer = text;
      for (const method of ["GET", "HEAD", "POST"]) {
        if (method === "HEAD" && kind === "in chunks") continue;
        answer = method === "HEAD" ? text.slice(0, text.indexOf("\r\n\r\n") + 4) : text;
        client.write(
          method === "POST"
            ? "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi"
            : `${method} / HTTP/1.1\r\nHost: a.test\r\n\r\n`,
        );
        const response = await readMessage(client, { bodyless: method === "HEAD" });
        t.equal(client.text, "", `${method} ${kind}: nothing follows the response`);
        const both =
          field(response, "content-length") !== null && field(response, "transfer-encoding") !== null;
        t.notOk(both, `${method} ${kind}: one framing`);
        if (response.status === 204) t.equal(field(response, "content-length"), null);
      }
    }
    t.ok(client.isOpen);
    t.equal(gateway.accepted.length, 1);
  });
}

t.test("Pipelined requests are answered in their order, slow handlers or not", async (t) => {
  const upstream = await startUpstream(t, ({ startLine }) => ok(startLine.split(" ")[1]));
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins(
      'async onRequest(r) { const n = Number(r.url.slice(-1)); if (n % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 20 - n)); if (n % 3 === 0) return new Response("local " + n); }',
    ),
  });
  const client = await gateway.connect();
  client.write([1, 2, 3, 4, 5, 6].map((n) => get(`/${n}`)).join(""));
  const bodies: string[] = [];
  for (let i = 0; i < 6; i++) bodies.push((await readMessage(client)).body);
  t.strictSame(bodies, ["/1", "/2", "local 3", "/4", "/5", "local 6"]);
});

t.test("HTTP/1.0 gets a transformed body until the connection ends", async (t) => {
  const upstream = await startUpstream(t, () => ok("hello"));
  const gateway = await startPolicyGateway(t, upstream.address, { plugins: plugins(transform) });
  const client = await gateway.connect();
  client.write("GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n");
  const head = await readHead(client);
  t.equal(field(head, "transfer-encoding"), null);
  t.equal(field(head, "content-length"), null);
  t.equal(field(head, "connection"), "close");
  t.equal(await client.takeRest(), "HELLO!");
});

t.test("HTTP/1.0 gets a local reply with its length", async (t) => {
  const upstream = await startUpstream(t, () => ok("hello"));
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins('onRequest() { return new Response("local"); }'),
  });
  t.match(await gateway.ask("GET / HTTP/1.0\r\nHost: a.test\r\n\r\n"), { status: 200, body: "local" });
});

t.test("Trailers of a response pass behind a body that a policy changed", async (t) => {
  const upstream = await startUpstream(
    t,
    () =>
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n",
  );
  for (const members of [transform, "onResponse() {}", "async onResponse(r) { await r.text(); }"]) {
    const gateway = await startPolicyGateway(t, upstream.address, { plugins: plugins(members) });
    const { trailers } = await gateway.ask(get());
    t.strictSame(trailers, [["X-Sum", "7"]], members);
  }
});

t.test("Trailers of a request pass behind a body that a policy read or changed", async (t) => {
  const upstream = await startUpstream(t, (request) => ok(JSON.stringify([request.body, request.trailers])));
  const body =
    "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n";
  for (const members of ["onRequest() {}", "async onRequest(r) { await r.text(); }", "onRequestBody() {}"]) {
    const gateway = await startPolicyGateway(t, upstream.address, { plugins: plugins(members) });
    t.equal((await gateway.ask(body)).body, '["hi",[["X-Sum","7"]]]', members);
  }
});

t.test(
  "Trailers end no body but the one that they came with: a policy put another one in its place",
  async (t) => {
    const upstream = await startUpstream(t);
    const stream = 'new ReadableStream({ start(c) { c.enqueue("own"); c.close(); } })';
    for (const [members, body] of [
      [`async onResponse(r) { await r.text(); return new Response(${stream}); }`, "own"],
      [`onResponse() { return new Response(${stream}); }`, "own"],
      [`async onResponse(r) { await r.text(); r.setBody("own"); }, ${transform}`, "OWN!"],
      [`async onResponse(r) { await r.text(); return new Response("own"); }, ${transform}`, "OWN!"],
    ] as const) {
      const gateway = await startPolicyGateway(t, upstream.address, { plugins: plugins(members) });
      const client = await gateway.connect();
      client.write(get());
      const peer = await upstream.connection();
      await peer.take("\r\n\r\n");
      peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\norig\r\n0\r\nX-Sum: 7\r\n\r\n");
      const response = await readMessage(client);
      t.same([response.body, response.trailers], [body, []], members);
    }
  },
);

t.test("Trailers of a request end no body that a policy put in its place", async (t) => {
  const upstream = await startUpstream(t, (request) => ok(JSON.stringify([request.body, request.trailers])));
  const slow = "async onRequestBody() { await new Promise((resolve) => setTimeout(resolve, 50)); }";
  const head = "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n";
  const end = "0\r\nX-Sum: 7\r\n\r\n";
  for (const members of [
    'onRequest(r) { r.setBody("own"); }',
    `onRequest(r) { r.setBody("own"); }, ${slow}`,
    `async onRequest(r) { await r.text(); r.setBody("own"); }, ${slow}`,
  ]) {
    const gateway = await startPolicyGateway(t, upstream.address, { plugins: plugins(members) });
    for (const pause of [0, 25]) {
      const client = await gateway.connect();
      client.write(pause === 0 ? head + end : head);
      await sleep(pause);
      if (pause > 0) client.write(end);
      t.equal((await readMessage(client)).body, '["own",[]]', `${members} ${pause}`);
    }
  }
});

t.test("A policy that reads the body of a client that waits for 100 gets it", async (t) => {
  const upstream = await startUpstream(t, (request) => ok(`${request.body} ${field(request, "expect")}`));
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins('async onRequest(r) { r.headers.set("x-text", await r.text()); }'),
  });
  const client = await gateway.connect();
  client.write("POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  t.equal((await readHead(client)).status, 100);
  client.write("hello");
  t.equal((await readMessage(client)).body, "hello null");
});

t.test("A policy that refuses a client that waits for 100 does so before the body", async (t) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins('onRequest() { return new Response("no", { status: 403 }); }'),
  });
  const client = await gateway.connect();
  client.write("POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  t.match(await readMessage(client), { status: 403, body: "no" });
});

t.test("A client that waits for 100 gets it from the endpoint when no policy reads the body", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = await startPolicyGateway(t, upstream.address, { plugins: plugins("onRequest() {}") });
  const client = await gateway.connect();
  client.write("POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  const peer = await upstream.connection();
  t.match(await peer.take("\r\n\r\n"), /100-continue/i);
  peer.write("HTTP/1.1 100 Continue\r\n\r\n");
  t.equal((await readHead(client)).status, 100);
  client.write("hello");
  t.equal(await peer.takeLength(5), "hello");
  peer.write(ok("done"));
  t.equal((await readMessage(client)).body, "done");
});

t.test("A client that waits for 100 gets its body through a transform", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins('onRequestBody(chunk, ctx) { if (ctx.last) return "!"; }'),
  });
  const client = await gateway.connect();
  client.write("POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  const peer = await upstream.connection();
  t.match(await peer.take("\r\n\r\n"), /Expect: 100-continue/);
  peer.write("HTTP/1.1 100 Continue\r\n\r\n");
  t.equal((await readHead(client)).status, 100);
  client.write("hello");
  t.equal(await peer.take("0\r\n\r\n"), "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n");
  peer.write(ok("done"));
  t.equal((await readMessage(client)).body, "done");
});

t.test("An upgrade passes policies of its request, and the tunnel is untouched", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins(
      'async onRequest(r) { if (r.headers.get("x-key") === null) return new Response("who?", { status: 401 }); r.headers.set("x-user", "u"); await null; }',
    ),
  });
  const upgrade = (...fields: string[]) =>
    get("/ws", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", ...fields);
  t.equal((await gateway.ask(upgrade())).status, 401);
  const client = await gateway.connect();
  client.write(upgrade("X-Key: k"));
  const { request, peer } = await upstream.request();
  t.equal(field(request, "x-user"), "u");
  t.match(field(request, "upgrade"), /websocket/i);
  peer.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello");
  t.equal((await readHead(client)).status, 101);
  t.equal(await client.takeLength(5), "hello");
  client.write("\x81\x00raw");
  t.equal(await peer.takeLength(5), "\x81\x00raw");
});

const framings = {
  "a length of 0": "Content-Length: 0\r\n\r\n",
  "no chunk": "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
};

for (const [what, framing] of Object.entries(framings)) {
  t.test(`The end of a request's body is told, also of one with ${what}`, async (t) => {
    const upstream = await startUpstream(t, (request) => ok(request.body));
    const head = "POST / HTTP/1.1\r\nHost: a.test\r\n";
    const signing = "onRequestBody(chunk, ctx) { if (ctx.last) return 'signed'; }";
    const gateway = await startPolicyGateway(t, upstream.address, { plugins: plugins(signing) });
    const client = await gateway.connect();
    for (let times = 0; times < 2; times++) {
      client.write(head + framing);
      t.equal((await readMessage(client)).body, "signed");
    }
    const guard = "onRequestBody(chunk, ctx) { if (ctx.last) throw new Error('unsigned'); }";
    const strict = await startPolicyGateway(t, upstream.address, { plugins: plugins(guard) });
    t.equal((await strict.ask(head + framing)).status, 500);
  });
}

t.test("A request with neither a length nor chunks has no body whose end would be told", async (t) => {
  const upstream = await startUpstream(t, () => ok("fine"));
  const guard = "onRequestBody() { throw new Error('no body'); }";
  const gateway = await startPolicyGateway(t, upstream.address, { plugins: plugins(guard) });
  t.equal((await gateway.ask("POST / HTTP/1.1\r\nHost: a.test\r\n\r\n")).status, 200);
});
