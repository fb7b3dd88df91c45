/** Routes that the proxy answers itself. */
import t, { type Test } from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { at, startConfigured } from "../../support/configured.ts";
import { get, type TestGateway } from "../../support/gateway.ts";
import { field, readHead, readMessage } from "../../support/message.ts";
import type { PluginTexts } from "../../support/policies.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const routes = `routes:
  - { path: /old, redirect: { status: 308, prefix: /new } }
  - { path: "/users/{id}", redirect: { path: "/people/{id}", keepQuery: false } }
  - { path: /away, redirect: { scheme: https, host: Away.test } }
  - { path: /secure, redirect: { status: 301, scheme: https } }
  - { path: /hello, respond: { body: "héllo" } }
  - { path: /json, respond: { status: 201, headers: { x-a: "1" }, json: { a: [1, null] } } }
  - { path: /empty, respond: { status: 204 } }
  - { path: /same, respond: { status: 304, headers: { etag: '"1"' } } }
  - { path: /page, respond: { status: 404, headers: { Content-Type: text/html }, body: "<p>no" } }
`;

/** With plugins each of these cases has to be as without. */
const idle: PluginTexts = {
  "idle.ts": 'export default { onRequest() {}, onResponse(r) { r.headers.set("x-p", "1"); } };',
};

async function start(t: Test, plugins: PluginTexts | null = null): Promise<TestGateway> {
  return startConfigured(t, routes, plugins);
}

for (const plugins of [null, idle]) {
  const how = plugins === null ? "without policies" : "with policies";

  t.test(`a redirect leads where the config says, ${how}`, async (t) => {
    const proxy = await start(t, plugins);
    const located = async (path: string, ...fields: string[]) => {
      const response = await proxy.ask(get(path, ...fields));
      t.equal(field(response, "content-length"), "0");
      return `${response.startLine.slice(9)} ${field(response, "location")}`;
    };
    t.equal(await located("/old/a?q=1"), "308 Permanent Redirect /new/a?q=1");
    t.equal(await located("/users/7?q=1"), "302 Found /people/7");
    t.equal(await located("/away?q"), "302 Found https://away.test/away?q");
    t.equal(await located("/secure/x?y"), "301 Moved Permanently https://a.test/secure/x?y");
    t.match(await proxy.record(1), {
      status: 308,
      route: "redirect",
      cluster: null,
      upstream: null,
      attempts: 0,
      error: null,
    });
  });

  t.test(`open redirect: no path leads to another host, ${how}`, async (t) => {
    const proxy = await start(t, plugins);
    const sent = [
      "/old//evil.test",
      "/old///evil.test",
      "/old/%5Cevil.test",
      "/old/.//evil.test",
      "/old/@evil.test",
    ];
    for (const path of sent) {
      const location = field(await proxy.ask(get(path)), "location")!;
      t.equal(new URL(location, "http://a.test/").host, "a.test", path);
      t.match(location, /^\/new\//);
    }
  });

  t.test(`response splitting: nothing in a path or a query ends the field, ${how}`, async (t) => {
    const proxy = await start(t, plugins);
    const response = await proxy.ask(get("/old/%0d%0aset-cookie:%20a=b?%0D%0Ax:y|{z}"));
    t.equal(field(response, "location"), "/new/%0D%0Aset-cookie:%20a=b?%0D%0Ax:y%7C%7Bz%7D");
    t.equal(field(response, "set-cookie"), null);
  });

  t.test(`a redirect without a host to lead to is refused, ${how}`, async (t) => {
    const proxy = await start(t, plugins);
    t.equal((await proxy.ask("GET /secure HTTP/1.0\r\n\r\n")).status, 400);
    t.equal((await proxy.ask("GET /old/x HTTP/1.0\r\n\r\n")).status, 308);
  });

  t.test(`a fixed response is text, JSON or what its fields say, ${how}`, async (t) => {
    const proxy = await start(t, plugins);
    const hello = await proxy.ask(get("/hello"));
    t.match(hello, { status: 200, body: Buffer.from("héllo").toString("latin1") });
    t.equal(field(hello, "content-type"), "text/plain; charset=utf-8");
    const json = await proxy.ask(get("/json"));
    t.match(json, { startLine: "HTTP/1.1 201 Created", body: '{"a":[1,null]}' });
    t.equal(field(json, "content-type"), "application/json");
    t.equal(field(json, "x-a"), "1");
    const page = await proxy.ask(get("/page"));
    t.match(page, { status: 404, body: "<p>no" });
    t.equal(field(page, "content-type"), "text/html");
    t.match(await proxy.record(1), { status: 200, route: "respond", bytesOut: 6 });
    t.equal(field(page, "x-p"), plugins === null ? null : "1", "onResponse sees it");
    t.match(field(page, "date"), /GMT$/);
  });

  t.test(`HEAD, 204 and 304 have no body, and the connection goes on, ${how}`, async (t) => {
    const proxy = await start(t, plugins);
    const client = await proxy.connect();
    client.write("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    t.equal((await readMessage(client, { bodyless: true })).status, 200);
    for (const [path, status] of [
      ["/empty", 204],
      ["/same", 304],
    ] as const) {
      client.write(get(path));
      const head = await readHead(client);
      t.equal(head.status, status);
      t.equal(field(head, "content-length"), null);
    }
    client.write(get("/hello"));
    t.equal((await readMessage(client)).status, 200);
    t.equal(client.text, "");
  });

  t.test(`a request body that came is no next request, ${how}`, async (t) => {
    const proxy = await start(t, plugins);
    const smuggled = get("/json");
    const client = await proxy.connect();
    client.write(`POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`);
    t.equal((await readMessage(client)).status, 200);
    client.write(get("/empty"));
    t.equal((await readHead(client)).status, 204);
    t.equal(proxy.records.length, 2);
  });

  t.test(`a request body that did not come yet ends the connection, ${how}`, async (t) => {
    const proxy = await start(t, plugins);
    const client = await proxy.connect();
    client.write("POST /old/x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nsome");
    const response = await readMessage(client);
    t.equal(response.status, 308);
    t.equal(field(response, "connection"), "close");
    client.write(get("/json"));
    await client.ended();
    t.equal(proxy.records.length, 1);
  });

  t.test(`requests behind one another are answered in their order, ${how}`, async (t) => {
    const proxy = await start(t, plugins);
    const client = await proxy.connect();
    client.write(get("/hello") + get("/old/1") + get("/json"));
    const statuses: number[] = [];
    for (let n = 0; n < 3; n++) statuses.push((await readMessage(client)).status);
    t.same(statuses, [200, 308, 201]);
  });
}

t.test("onRequest guards a redirect: who may not see it gets the policy's answer", async (t) => {
  const auth = `export default {
  onRequest(request) { if (request.headers.get("authorization") === null) return new Response("who?", { status: 401 }); },
};`;
  const proxy = await start(t, { "auth.ts": auth });
  const refused = await proxy.ask(get("/old/x"));
  t.match(refused, { status: 401, body: "who?" });
  t.equal(field(refused, "location"), null);
  t.equal((await proxy.ask(get("/old/x", "Authorization: yes"))).status, 308);
});

t.test("a redirect is of the request as the policies leave it, and onResponse may change it", async (t) => {
  const plugin = `export default {
  onRequest(request) { request.url = "http://b.test:81/secure/new?x"; },
  onResponse(response) { response.headers.set("x-to", response.headers.get("location")); response.status = 307; },
};`;
  const proxy = await start(t, { "change.ts": plugin });
  const response = await proxy.ask(get("/hello"));
  t.equal(response.status, 307);
  t.equal(field(response, "x-to"), "https://b.test/secure/new?x");
});

t.test("onUpstream and onRequestBody have no part in it", async (t) => {
  const plugin = `export default {
  onRequestBody(chunk) { throw new Error("no body goes on"); },
  onUpstream() { throw new Error("no attempt is made"); },
  onResponseBody(chunk) { return new TextDecoder().decode(chunk).toUpperCase(); },
};`;
  const proxy = await start(t, { "watch.ts": plugin });
  const request = "POST /json HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
  t.match(await proxy.ask(request), { status: 201, body: '{"A":[1,NULL]}' });
});

t.test("a policy that chooses a cluster goes before the route's own answer", async (t) => {
  const plugin = 'export default { onRequest(request, ctx) { ctx.upstream.cluster = "none"; } };';
  const proxy = await start(t, { "choose.ts": plugin });
  t.equal((await proxy.ask(get("/hello"))).status, 500, "there is none of that name");
});

t.test("the timeout of a route holds for the policies in front of its answer", async (t) => {
  const yaml = "routes: [{ timeout: 60ms, redirect: { path: /x } }]";
  const plugin = "export default { onRequest() { return new Promise(() => {}); } };";
  const proxy = await startConfigured(t, yaml, { "slow.ts": plugin });
  t.equal((await proxy.ask(get("/"))).status, 504);
});

t.test(
  "only what comes unencrypted is redirected to https, where a trusted proxy says so, too",
  async (t) => {
    const yaml = `trustedProxies: [127.0.0.1]
routes: [{ scheme: http, redirect: { scheme: https } }, { respond: { body: safe } }]`;
    const trusting = await startConfigured(t, yaml);
    t.equal(field(await trusting.ask(get("/x")), "location"), "https://a.test/x");
    t.equal((await trusting.ask(get("/x", "X-Forwarded-Proto: https"))).body, "safe");
    const wary = await startConfigured(t, yaml.replace("127.0.0.1", "10.0.0.1"));
    t.equal(
      (await wary.ask(get("/x", "X-Forwarded-Proto: https"))).status,
      302,
      "a client's own word is none",
    );
  },
);

t.test("a policy may send a request on to a cluster in the place of the answer", async (t) => {
  const upstream = await startUpstream(t, () => ok("from the cluster"));
  const yaml = `clusters: { app: { endpoints: ["${at(upstream.address)}"] } }
routes: [{ respond: { status: 503, body: "closed for today" } }]`;
  const plugin = `export default { onRequest(request, ctx) {
  if (request.headers.get("x-staff") !== null) ctx.upstream.cluster = "app";
}, onUpstream(attempt) { attempt.headers.set("x-cluster", attempt.cluster); } };`;
  const proxy = await startConfigured(t, yaml, { "staff.ts": plugin });
  t.match(await proxy.ask(get("/")), { status: 503, body: "closed for today" });
  t.match(await proxy.ask(get("/", "X-Staff: 1")), { status: 200, body: "from the cluster" });
  t.match(await proxy.record(2), { cluster: "app" });
});
