/** Where policies send a request, and which policies it meets on the way. */
import t, { type Test } from "tap";
import type { Config, RouteConfig } from "../../core/config/model.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { get } from "../support/gateway.ts";
import { field } from "../support/message.ts";
import { type PluginTexts, startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

/** A route by path, with plugins by name. */
interface Way {
  readonly path: string;
  readonly policies: readonly string[];
  readonly cluster?: string;
  readonly methods?: readonly string[];
  readonly host?: string;
}

/** A gateway with a route for each way; the endpoint answers with its name and the target that it was asked for. */
async function startWays(t: Test, plugins: PluginTexts, ways: readonly Way[]) {
  const one = await startUpstream(t, ({ startLine }) => ok(`one ${startLine.split(" ")[1]}`));
  const two = await startUpstream(t, ({ startLine }) => ok(`two ${startLine.split(" ")[1]}`));
  return startPolicyGateway(t, one.address, {
    plugins: Object.fromEntries(
      Object.entries(plugins).map(([file, text]) => [file, `export default { ${text} };`]),
    ),
    config(base) {
      const [route, cluster] = [base.routes[0]!, base.clusters[0]!];
      const second = cluster.endpoints[0]!;
      const port = (two.address as { port: number }).port;
      return {
        ...base,
        clusters: [
          cluster,
          {
            ...cluster,
            name: "second",
            endpoints: [{ ...second, address: two.address, authority: `127.0.0.1:${port}` }],
          },
        ],
        routes: ways.map((way, index) => routeOf(way, index, route)),
      } satisfies Config;
    },
  });
}

function routeOf(
  { path, policies, cluster, methods, host }: Way,
  index: number,
  base: RouteConfig,
): RouteConfig {
  return {
    ...base,
    name: `route-${index}`,
    match: {
      host: host ?? null,
      path: { kind: "prefix", value: path },
      methods: methods ?? null,
      scheme: null,
      headers: [],
      query: [],
      cookies: [],
    },
    cluster: cluster ?? base.cluster,
    policies: policies.map((plugin) => ({ plugin, config: null })),
  };
}

const rewrite = 'onRequest(request) { request.url = "/admin"; }';
const auth =
  'onRequest(request) { if (request.headers.get("authorization") === null) return new Response("who?", { status: 401 }); request.headers.set("x-auth", new URL(request.url).pathname); }';

t.test("A rewritten path is no way around the policies of the route that it leads to", async (t) => {
  const gateway = await startWays(t, { "auth.ts": auth, "rewrite.ts": rewrite }, [
    { path: "/admin", policies: ["auth"], cluster: "second" },
    { path: "/", policies: ["rewrite"] },
  ]);
  t.match(await gateway.ask(get("/public")), { status: 401, body: "who?" });
  t.match(await gateway.ask(get("/public", "Authorization: yes")), { status: 200, body: "two /admin" });
});

t.test("A rewritten method and a rewritten authority lead to the policies of their routes", async (t) => {
  const gateway = await startWays(
    t,
    {
      "auth.ts": auth,
      "method.ts": 'onRequest(request) { request.method = "DELETE"; }',
      "host.ts": 'onRequest(request) { request.url = "http://inner.test/x"; }',
    },
    [
      { path: "/", policies: ["auth"], host: "inner.test" },
      { path: "/m", policies: ["auth"], methods: ["DELETE"] },
      { path: "/m", policies: ["method"], methods: ["GET"] },
      { path: "/", policies: ["host"] },
    ],
  );
  t.equal((await gateway.ask(get("/m"))).status, 401);
  t.equal((await gateway.ask(get("/h"))).status, 401);
});

t.test("A policy of both routes runs once, and the answer passes those of both, backwards", async (t) => {
  const mark = (name: string) =>
    `onRequest(request) { request.headers.append("x-q", "${name}"); }, onResponse(response) { response.headers.append("x-s", "${name}"); }`;
  const gateway = await startWays(
    t,
    { "a.ts": mark("a"), "b.ts": mark("b"), "c.ts": mark("c"), "rewrite.ts": rewrite },
    [
      { path: "/admin", policies: ["a", "c"] },
      { path: "/", policies: ["a", "b", "rewrite"] },
    ],
  );
  const response = await gateway.ask(get("/x"));
  t.equal(response.body, "one /admin");
  t.equal(field(response, "x-s"), "c, a, b");
});

t.test("A path that no route has is 404, whoever wrote it", async (t) => {
  const gateway = await startWays(t, { "away.ts": 'onRequest(request) { request.url = "/away"; }' }, [
    { path: "/here", policies: ["away"] },
  ]);
  t.equal((await gateway.ask(get("/here"))).status, 404);
});

t.test("Routes that send a request to one another without an end are 508", async (t) => {
  const names = [..."abcdefghijkl"];
  const gateway = await startWays(
    t,
    Object.fromEntries(
      names.map((name, at) => [
        `${name}.ts`,
        `onRequest(request) { request.url = "/${names[(at + 1) % names.length]}"; }`,
      ]),
    ),
    names.map((name) => ({ path: `/${name}`, policies: [name] })),
  );
  t.match(await gateway.ask(get("/a")), { status: 508, body: /reroute_loop/ });
});

t.test("A request that comes back to where it began takes the route that it began with", async (t) => {
  const gateway = await startWays(
    t,
    {
      "there.ts": 'onRequest(request) { request.url = "/there"; }',
      "back.ts": 'onRequest(request) { request.url = "/here"; }',
    },
    [
      { path: "/here", policies: ["there"] },
      { path: "/there", policies: ["back"], cluster: "second" },
    ],
  );
  t.match(await gateway.ask(get("/here")), { status: 200, body: "one /here" });
});

t.test("A policy chooses a cluster, in onRequest and in onUpstream", async (t) => {
  const gateway = await startWays(
    t,
    {
      "early.ts": 'onRequest(request, ctx) { ctx.upstream.cluster = "second"; }',
      "late.ts": 'onUpstream(attempt) { attempt.cluster = "second"; }',
    },
    [
      { path: "/early", policies: ["early"] },
      { path: "/late", policies: ["late"] },
      { path: "/", policies: [] },
    ],
  );
  t.equal((await gateway.ask(get("/early"))).body, "two /early");
  t.equal((await gateway.ask(get("/late"))).body, "two /late");
  t.equal((await gateway.ask(get("/other"))).body, "one /other");
});

t.test("A cluster or an endpoint that does not exist is 500, and the next request is served", async (t) => {
  const gateway = await startWays(
    t,
    {
      "cluster.ts": 'onRequest(request, ctx) { ctx.upstream.cluster = "nowhere"; }',
      "endpoint.ts": 'onRequest(request, ctx) { ctx.upstream.endpoint = "10.9.8.7:1"; }',
    },
    [
      { path: "/cluster", policies: ["cluster"] },
      { path: "/endpoint", policies: ["endpoint"] },
      { path: "/", policies: [] },
    ],
  );
  t.match(await gateway.ask(get("/cluster")), { status: 500, body: /plugin_failed/ });
  t.match((await gateway.ask(get("/endpoint"))).status, 500);
  t.equal((await gateway.ask(get("/"))).status, 200);
});

t.test("A policy chooses one endpoint of the cluster", async (t) => {
  const [one, two] = [await startUpstream(t, () => ok("one")), await startUpstream(t, () => ok("two"))];
  const authority = `127.0.0.1:${(two.address as { port: number }).port}`;
  const gateway = await startPolicyGateway(t, [one.address, two.address], {
    plugins: {
      "pin.ts": `export default { onRequest(request, ctx) { ctx.upstream.endpoint = "${authority}"; } };`,
    },
  });
  for (let i = 0; i < 4; i++) t.equal((await gateway.ask(get())).body, "two");
});

t.test("onUpstream runs before each attempt, and what it changed is gone with the attempt", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: {
      "sign.ts":
        'export default { onUpstream(attempt) { attempt.headers.append("x-attempt", String(attempt.number)); } };',
    },
  });
  const first = gateway.ask(get("/one"));
  const { request, peer } = await upstream.request();
  t.equal(field(request, "x-attempt"), "1");
  peer.write(ok("first"));
  t.equal((await first).body, "first");
  // The pooled connection dies with the next request on it.
  const second = gateway.ask(get("/two"));
  await peer.take("\r\n\r\n");
  peer.reset();
  const again = await upstream.request();
  t.equal(field(again.request, "x-attempt"), "2");
  again.peer.write(ok("second"));
  t.equal((await second).body, "second");
});
