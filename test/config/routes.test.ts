/** What routes say of the requests that they take, and of what answers them. */
import t from "tap";
import { parseEndpoint } from "../../core/config/endpoint.ts";
import { loadConfig } from "../../core/config/load.ts";
import { maskConfig } from "../../core/config/mask.ts";
import type { RouteConfig } from "../../core/config/model.ts";
import { ConfigError, formatProblem } from "../../core/config/problem.ts";

const clusters = 'clusters: { app: { endpoints: ["http://a:1"] }, next: { endpoints: ["http://b:1"] } }\n';

/** The first of the routes that begin on line 2. */
function route(text: string): RouteConfig {
  return loadConfig("sluice.yaml", `${clusters}routes: [${text}]`, { env: {} }).routes[0]!;
}

/** Problems of routes, one a line from line 3 on, without the name of the file. */
function problems(...routes: string[]): string[] {
  const lines = routes.map((route) => `  - ${route}\n`);
  try {
    loadConfig("sluice.yaml", `${clusters}routes:\n${lines.join("")}`, { env: {} });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => formatProblem(problem).replace("sluice.yaml:", ""));
  }
}

t.test("a route has one answer, and the others are null", async (t) => {
  const { cluster, split, redirect, respond, rewrite } = route("{ cluster: app }");
  t.same(
    { cluster, split, redirect, respond, rewrite },
    { cluster: "app", split: null, redirect: null, respond: null, rewrite: null },
  );
});

t.test("a split is resolved with its defaults", async (t) => {
  t.match(route("{ split: { clusters: { app: 90, next: 10 } } }"), {
    name: "split",
    cluster: null,
    split: {
      clusters: [
        { name: "app", weight: 90 },
        { name: "next", weight: 10 },
      ],
      by: { kind: "random" },
      seed: "",
    },
  });
  const by = (text: string) => route(`{ split: { clusters: { app: 1 }, by: ${text} } }`).split!.by;
  t.same(by("{ header: X-User }"), { kind: "header", name: "x-user" });
  t.same(by("{ cookie: exp }"), { kind: "cookie", name: "exp", path: "/", ttl: 0 });
  t.same(by("{ cookie: Exp, path: /app, ttl: 1h }"), {
    kind: "cookie",
    name: "Exp",
    path: "/app",
    ttl: 3_600_000,
  });
  t.same(by("client-address"), { kind: "client-address" });
});

t.test("redirects, responses and rewrites are resolved with their defaults", async (t) => {
  t.same(route("{ path: /a, redirect: { prefix: /b/ } }").redirect, {
    status: 302,
    scheme: null,
    host: null,
    port: null,
    path: { kind: "prefix", value: "/b" },
    keepQuery: true,
  });
  t.match(route("{ redirect: { status: 301, scheme: https, host: B.test, port: 8443, keepQuery: false } }"), {
    redirect: { status: 301, scheme: "https", host: "b.test", port: 8443, path: null, keepQuery: false },
  });
  t.same(route("{ respond: {} }").respond, { status: 200, headers: [], body: null });
  t.same(route("{ respond: { json: null } }").respond?.body, "null");
  t.same(route('{ path: "/{id}", cluster: app, rewrite: { path: "/u/{id}" } }').rewrite, {
    kind: "template",
    value: "/u/{id}",
  });
  t.same(route("{ cluster: app, rewrite: { path: /one } }").rewrite, { kind: "exact", value: "/one" });
});

t.test("conditions are sorted and reduced, so that the same match is seen to be the same", async (t) => {
  const { match } = route(
    "{ cluster: app, query: { b: true, a: { oneOf: [y, x, y] } }, cookies: { S: { prefix: p } } }",
  );
  t.same(match.query, [
    { name: "a", value: { oneOf: ["x", "y"] } },
    { name: "b", value: null },
  ]);
  t.same(match.cookies, [{ name: "S", value: { prefix: "p" } }]);
  t.same(
    problems(
      "{ name: one, cluster: app, query: { a: { oneOf: [x, y] }, b: z } }",
      "{ cluster: next, query: { b: { oneOf: [z] }, a: { oneOf: [y, x] } } }",
      "{ cluster: next, cookies: { a: x } }",
    ),
    ["4:5: expected a match that no other route has, found that of one"],
  );
});

t.test("a route without an answer, or with two, is reported where it stands", async (t) => {
  t.same(
    problems("{ path: /a }", "{ cluster: app, respond: {} }", "{ redirect: { path: /x }, cluster: app }"),
    [
      "3:5: expected one of cluster, split, redirect and respond, found none",
      "4:21: expected one of cluster, split, redirect and respond, found cluster and respond",
      "5:7: expected one of cluster, split, redirect and respond, found cluster and redirect",
    ],
  );
});

t.test("what goes with endpoints does not go with an answer of the proxy's own", async (t) => {
  t.same(
    problems(
      "{ redirect: { path: /x }, rewrite: { prefix: /y } }",
      "{ respond: {}, retry: false, hostHeader: upstream, fault: {} }",
    ).slice(0, 3),
    [
      "3:31: expected a cluster or a split beside rewrite, found redirect",
      "4:20: expected a cluster or a split beside retry, found respond",
      "4:34: expected a cluster or a split beside hostHeader, found respond",
    ],
  );
});

t.test("what is wrong with a split is reported where it stands", async (t) => {
  t.same(
    problems(
      "{ split: { clusters: { app: 1, nxt: 1 } } }",
      "{ path: /b, split: { clusters: { app: 0 } } }",
      "{ path: /c, split: { clusters: { app: -1 } } }",
      "{ path: /d, split: { clusters: { app: 1 }, by: { cookie: 'a b' } } }",
      "{ path: /e, split: { clusters: { app: 1 }, by: { cookie: a, path: '/;x' } } }",
      "{ path: /f, split: { clusters: { app: 1 }, by: user } }",
      "{ path: /g, split: { by: random } }",
    ),
    [
      '3:36: expected the name of a cluster, one of app, next, found "nxt" (did you mean "next"?)',
      "4:36: expected at least one cluster with a weight above 0, found none",
      "5:43: expected a whole number from 0 to 10000, found -1",
      '6:62: expected a name such as "x-user", found "a b"',
      '7:71: expected a path such as "/app", found "/;x"',
      '8:52: expected "random", "client-address", { header: NAME } or { cookie: NAME, path, ttl }, found "user"',
      '9:24: expected key "clusters", found none',
    ],
  );
});

t.test("a path that cannot be made of what the route matches is reported", async (t) => {
  t.same(
    problems(
      '{ path: "/users/{id}", cluster: app, rewrite: { prefix: /v2 } }',
      '{ path: "/users/{id}/x", cluster: app, rewrite: { path: "/{name}" } }',
      '{ path: /a, cluster: app, rewrite: { path: "/{id}" } }',
      "{ path: /b, cluster: app, rewrite: { prefix: /a/../b } }",
      "{ path: /c, cluster: app, rewrite: { prefix: v2 } }",
      '{ path: /d, cluster: app, rewrite: { path: "/a?b" } }',
      "{ path: /e, cluster: app, rewrite: { path: /%61 } }",
      "{ path: /f, cluster: app, rewrite: { prefix: //evil } }",
      "{ path: /g, cluster: app, rewrite: { path: /x, prefix: /y } }",
    ),
    [
      "3:61: expected a route whose path is a prefix beside prefix, found the template path /users/{id}",
      "4:61: expected names of the route's path (it has {id}), found {name}",
      "5:48: expected names of the route's path (it has none), found {id}",
      '6:50: expected a path without . and .. segments, found "/a/../b"',
      '7:50: expected a path that starts with /, found "v2"',
      '8:48: expected a path without query or fragment, found "/a?b"',
      '9:48: expected a instead of %61, found "/%61"',
      '10:50: expected a path that starts with one /, found "//evil"',
      '11:40: expected { prefix: "/v2" } or { path: "/people/{id}" }, found a map',
    ],
  );
});

t.test("a redirect that is no redirect, or to nowhere, is reported", async (t) => {
  t.same(
    problems(
      "{ path: /a, redirect: {} }",
      "{ path: /b, redirect: { status: 200, path: /x } }",
      "{ path: /c, redirect: { host: 'a:80' } }",
      "{ path: /d, redirect: { path: /x, prefix: /y } }",
      "{ path: /e, redirect: { scheme: ftp } }",
      "{ path: /f, redirect: { port: 0 } }",
      '{ path: /g, redirect: { host: "evil.test/\\r\\nx: y" } }',
      '{ path: /h, redirect: { path: "/x\\r\\ny" } }',
    ).map((line) => line.replace(/ {2,}/g, " ")),
    [
      "3:27: expected another scheme, host, port, path or prefix, found none: the redirect would lead to itself",
      "4:37: expected 301 or 302 or 303 or 307 or 308, found 200",
      '5:35: expected a host without port such as example.com or [::1], found "a:80"',
      "6:39: expected path or prefix, found both",
      '7:37: expected "http" or "https", found "ftp"',
      "8:35: expected a whole number from 1 to 65535, found 0",
      '9:35: expected a host without port such as example.com or [::1], found "evil.test/\\r\\nx: y"',
      '10:35: expected the escaped form /x%0D%0Ay, found "/x\\r\\ny"',
    ],
  );
});

t.test("a response that cannot be framed, or would split, is reported", async (t) => {
  t.same(
    problems(
      "{ path: /a, respond: { status: 204, body: x } }",
      "{ path: /b, respond: { body: x, json: 1 } }",
      "{ path: /c, respond: { headers: { Content-Length: '5' } } }",
      "{ path: /d, respond: { headers: { x-a: '1', X-A: '2' } } }",
      '{ path: /e, respond: { headers: { x-a: "1\\r\\nx-b: 2" } } }',
      "{ path: /f, respond: { headers: { 'x a': '1' } } }",
      "{ path: /g, respond: { status: 101 } }",
      `{ path: /h, respond: { body: "${"x".repeat(65_537)}" } }`,
      "{ path: /i, respond: { headers: { x-a: é } } }",
    ),
    [
      "3:41: expected no body beside status 204, found body",
      "4:37: expected body or json, found both",
      "5:39: expected a field that is not the proxy's own, found Content-Length",
      "6:49: expected each field once, found X-A again",
      '7:44: expected visible ASCII characters without blanks around them, found "1\\r\\nx-b: 2"',
      '8:39: expected a field name, found "x a"',
      "9:36: expected a whole number from 200 to 599, found 101",
      "10:34: expected a body of at most 65536 bytes, found a longer one",
      '11:44: expected visible ASCII characters without blanks around them, found "é"',
    ],
  );
});

t.test("a condition of another form, or on a cookie of no name, is reported", async (t) => {
  const expected = "expected a text, true for any value, { prefix: TEXT } or { oneOf: [TEXT, ...] }";
  t.same(
    problems(
      "{ path: /a, cluster: app, query: { a: 1 } }",
      "{ path: /b, cluster: app, cookies: { a: { regex: x } } }",
      "{ path: /c, cluster: app, headers: { a: { oneOf: [] } } }",
      "{ path: /d, cluster: app, cookies: { 'a b': x } }",
    ),
    [
      `3:43: ${expected}, found 1`,
      `4:45: ${expected}, found a map`,
      `5:45: ${expected}, found a map`,
      '6:42: expected the name of a cookie, found "a b"',
    ],
  );
});

t.test("a proxy that only redirects needs no cluster, and keeps its routes beside an upstream", async (t) => {
  const text = "routes: [{ path: /old, redirect: { prefix: /new } }]";
  t.same(loadConfig("sluice.yaml", text, { env: {} }).clusters, []);
  const overrides = { upstreams: [parseEndpoint("http://b")!] };
  const { routes } = loadConfig("sluice.yaml", text, { env: {}, overrides });
  t.same(
    routes.map(({ name }) => name),
    ["redirect", "upstream"],
  );
  t.throws(() => loadConfig("sluice.yaml", "routes: []", { env: {} }), /expected at least one cluster/);
});

t.test("secrets in conditions and in responses are not shown", async (t) => {
  const text = `${clusters}routes:
  - { cluster: app, query: { token: abc-1, a: b }, cookies: { session_secret: abc-2 } }
  - { path: /x, respond: { headers: { x-api-key: abc-3 }, body: "\${env:KEY_SECRET}" } }
`;
  const config = loadConfig("sluice.yaml", text, { env: { KEY_SECRET: "abc-4-and-more" } });
  const shown = JSON.stringify(maskConfig(config).routes);
  t.notMatch(shown, /abc-/);
  t.match(shown, '{"name":"a","value":"b"}');
});
