/** The path that an endpoint is asked for, where a route rewrites it. */
import t, { type Test } from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { at, startConfigured } from "../support/configured.ts";
import { get, type TestGateway } from "../support/gateway.ts";
import { field } from "../support/message.ts";
import type { PluginTexts } from "../support/policies.ts";
import { type Answer, ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

/** The endpoint answers with the target that it is asked for. */
const echo: Answer = ({ startLine }) => ok(startLine.split(" ")[1]);

async function startRoutes(
  t: Test,
  routes: string,
  plugins: PluginTexts | null = null,
): Promise<TestGateway> {
  const upstream = await startUpstream(t, echo);
  return startConfigured(
    t,
    `clusters: { app: { endpoints: ["${at(upstream.address)}"] } }\nroutes:\n${routes}`,
    plugins,
  );
}

t.test("a prefix is exchanged, and the query stays", async (t) => {
  const proxy = await startRoutes(
    t,
    "  - { path: /api, cluster: app, rewrite: { prefix: /v2 } }\n  - { cluster: app }",
  );
  t.equal((await proxy.ask(get("/api/users?a=/api&b"))).body, "/v2/users?a=/api&b");
  t.equal((await proxy.ask(get("/api"))).body, "/v2");
  t.equal((await proxy.ask(get("/apis"))).body, "/apis");
  t.match(await proxy.record(1), { path: "/api/users?a=/api&b" }, "the log has what the client sent");
});

t.test("a template is filled in with the segments that matched", async (t) => {
  const proxy = await startRoutes(
    t,
    '  - { path: "/users/{id}/{tab}", cluster: app, rewrite: { path: "/{tab}/{id}" } }',
  );
  t.equal((await proxy.ask(get("/users/a%2Fb/posts?x"))).body, "/posts/a%2Fb?x");
  t.equal((await proxy.ask(get("/users/%7E7/posts"))).body, "/posts/~7", "canonical as ever");
});

t.test("Host and an absolute target go on as without a rewrite", async (t) => {
  const upstream = await startUpstream(t, (request) => ok(`${request.startLine} ${field(request, "host")}`));
  const yaml = `clusters: { app: { endpoints: ["${at(upstream.address)}"] } }
routes: [{ path: /a, cluster: app, rewrite: { prefix: / }, hostHeader: inner.test }]`;
  const proxy = await startConfigured(t, yaml);
  const response = await proxy.ask("GET http://outer.test/a/b HTTP/1.1\r\nHost: x\r\n\r\n");
  t.equal(response.body, "GET /b HTTP/1.1 inner.test");
});

t.test("dot segments and escapes slip past no prefix that a rewrite sets", async (t) => {
  const proxy = await startRoutes(
    t,
    "  - { path: /public, cluster: app, rewrite: { prefix: /files/public } }",
  );
  const sent = [
    "/public/../secret",
    "/public/%2e%2e/secret",
    "/public/.%2E/secret",
    "/public/x/../../secret",
  ];
  for (const path of sent) t.equal((await proxy.ask(get(path))).status, 404, path);
  t.equal(
    (await proxy.ask(get("/public/..%2Fsecret"))).body,
    "/files/public/..%2Fsecret",
    "a segment, as data",
  );
  t.equal((await proxy.ask(get("/public/%252e%252e/secret"))).body, "/files/public/%252e%252e/secret");
});

t.test("slashes behind a prefix that is taken away make no authority upstream", async (t) => {
  const proxy = await startRoutes(t, "  - { path: /api, cluster: app, rewrite: { prefix: / } }");
  t.equal((await proxy.ask(get("/api//evil.test/x"))).body, "/evil.test/x");
});

const watching = `export default {
  onRequest(request, ctx) { ctx.state.seen = new URL(request.url).pathname; },
  onUpstream(attempt, ctx) { attempt.headers.set("x-seen", ctx.state.seen + " " + attempt.url); },
};`;

t.test(
  "policies see the path that was asked for in onRequest and the rewritten one in onUpstream",
  async (t) => {
    const upstream = await startUpstream(t, (request) =>
      ok(`${request.startLine} ${field(request, "x-seen")}`),
    );
    const yaml = `clusters: { app: { endpoints: ["${at(upstream.address)}"] } }
routes: [{ path: /api, cluster: app, rewrite: { prefix: /v2 } }]`;
    const proxy = await startConfigured(t, yaml, { "watch.ts": watching });
    t.equal((await proxy.ask(get("/api/x?q"))).body, "GET /v2/x?q HTTP/1.1 /api/x http://a.test/v2/x?q");
  },
);

t.test("with policies that see no attempt the path is rewritten, too", async (t) => {
  const plugins = {
    "mark.ts": 'export default { onRequest(request) { request.headers.set("x-a", "1"); } };',
  };
  const proxy = await startRoutes(t, "  - { path: /api, cluster: app, rewrite: { prefix: /v2 } }", plugins);
  t.equal((await proxy.ask(get("/api/x?q"))).body, "/v2/x?q");
});

t.test("a path that a policy rewrites is rewritten by the route that it leads to", async (t) => {
  const plugins = { "lead.ts": 'export default { onRequest(request) { request.url = "/b/x"; } };' };
  const routes =
    "  - { path: /a, cluster: app, rewrite: { prefix: /from-a } }\n  - { path: /b, cluster: app, rewrite: { prefix: /from-b } }";
  const proxy = await startRoutes(t, routes, plugins);
  t.equal((await proxy.ask(get("/a/y"))).body, "/from-b/x");
});

t.test("an attempt that is made again is rewritten like the first one", async (t) => {
  const asked: string[] = [];
  const upstream = await startUpstream(t, ({ startLine }) => {
    asked.push(startLine);
    return asked.length === 1 ? "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n" : ok("done");
  });
  const yaml = `clusters: { app: { endpoints: ["${at(upstream.address)}"] } }
routes: [{ path: /api, cluster: app, rewrite: { prefix: /api/v2 }, retry: { backoff: { base: 1ms, longest: 1ms } } }]`;
  for (const plugins of [null, { "watch.ts": watching }]) {
    asked.length = 0;
    const proxy = await startConfigured(t, yaml, plugins);
    t.equal((await proxy.ask(get("/api/x"))).body, "done");
    t.same(asked, ["GET /api/v2/x HTTP/1.1", "GET /api/v2/x HTTP/1.1"]);
  }
});
