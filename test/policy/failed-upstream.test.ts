/** What policies see, and may change, of the replies that the proxy makes because no endpoint answered. */
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { get } from "../support/gateway.ts";
import { field, readMessage } from "../support/message.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { startUpstream } from "../support/raw-upstream.ts";
import { refusing, resets, retrying, startCounting } from "../upstream/endpoints.ts";

t.teardown(stopBundler);

const marks = `onResponse(response) {
  response.headers.set("x-seen", response.status + " " + response.error + " " + response.statusText);
}`;

t.test("A failure of the endpoint passes onResponse, and keeps what the proxy says of it", async (t) => {
  const gateway = await startPolicyGateway(t, await refusing(), {
    plugins: { "one.ts": `export default { ${marks} };` },
  });
  const reply = await gateway.ask(get());
  t.equal(reply.status, 502);
  t.equal(field(reply, "x-seen"), "502 connect_refused Bad Gateway");
  t.match(field(reply, "proxy-status"), /error=connection_refused; details="connect_refused"/);
  t.match(JSON.parse(reply.body), { status: 502, code: "connect_refused" });
  t.match(await gateway.record(1), { status: 502, error: "connect_refused" });
});

t.test("It is seen once, after the last attempt", async (t) => {
  const bad = await startCounting(t, resets);
  const gateway = await startPolicyGateway(t, bad.address, {
    plugins: { "one.ts": `export default { ${marks} };` },
    route: { retry: retrying() },
  });
  const reply = await gateway.ask(get());
  t.equal(field(reply, "x-seen"), "502 upstream_closed Bad Gateway");
  t.equal(bad.requests.length, 3);
});

t.test("A policy's own answer takes its place, and is no failure to the next one", async (t) => {
  const gateway = await startPolicyGateway(t, await refusing(), {
    plugins: {
      "a.ts": `export default { ${marks} };`,
      "b.ts": `export default {
        async onResponse(response) {
          if (response.error === null) return;
          const { code } = await response.json();
          return Response.json({ instead: code });
        },
      };`,
    },
  });
  const reply = await gateway.ask(get());
  t.match(reply, { status: 200, body: '{"instead":"connect_refused"}' });
  t.equal(field(reply, "x-seen"), "200 null");
  t.match(await gateway.record(1), { status: 200, error: "connect_refused" });
});

t.test("An endpoint cannot make its answer look like a failure", async (t) => {
  const upstream = await startUpstream(
    t,
    () => "HTTP/1.1 200 !connect_refused OK\r\nContent-Length: 0\r\n\r\n",
  );
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: { "one.ts": `export default { ${marks} };` },
  });
  t.equal(field(await gateway.ask(get()), "x-seen"), "200 null !connect_refused OK");
});

t.test("A policy that fails over a failure ends the exchange, and is not asked again", async (t) => {
  const gateway = await startPolicyGateway(t, await refusing(), {
    plugins: { "one.ts": 'export default { onResponse() { throw new Error("no fallback"); } };' },
  });
  t.match(await gateway.ask(get()), { status: 500, body: /plugin_failed/ });
  t.same(gateway.gateway.generation.policies.report()[0]!.faults, { throw: 1 });
});

t.test("The failure of a policy passes no other policy", async (t) => {
  const gateway = await startPolicyGateway(t, await refusing(), {
    plugins: {
      "a.ts": `export default { ${marks} };`,
      "b.ts": 'export default { onRequest() { throw new Error("broken"); } };',
    },
  });
  const reply = await gateway.ask(get());
  t.equal(reply.status, 500);
  t.equal(field(reply, "x-seen"), null);
});

t.test("The time of the request ends a fallback that takes too long", async (t) => {
  const gateway = await startPolicyGateway(t, await refusing(), {
    plugins: { "one.ts": "export default { onResponse() { return new Promise(() => {}); } };" },
    route: { timeout: 100 },
  });
  t.match(await gateway.ask(get()), { status: 504, body: /deadline_exceeded/ });
});

t.test("The connection goes on after it: with a body, without one, and for HEAD", async (t) => {
  const gateway = await startPolicyGateway(t, await refusing(), {
    plugins: { "one.ts": `export default { onRequest() {}, ${marks} };` },
  });
  const client = await gateway.connect();
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  t.match(await readMessage(client), { status: 502, body: /connect_refused/ });
  client.write("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  t.match(await readMessage(client, { bodyless: true }), { status: 502, body: "" });
  client.write(get());
  t.match(await readMessage(client), { status: 502, body: /connect_refused/ });
});

t.test("A body phase sees the body of a failure", async (t) => {
  const gateway = await startPolicyGateway(t, await refusing(), {
    plugins: {
      "one.ts": 'export default { onResponseBody(chunk, ctx) { if (ctx.last) return "!"; } };',
    },
  });
  t.match(await gateway.ask(get()), { status: 502, body: /connect_refused.*\n!$/ });
});
