import fc from "fast-check";
import t from "tap";
import type { RouteConfig } from "../../core/config/model.ts";
import type { RouteMatch } from "../../core/config/route-model.ts";
import { compileRoutes, methodRefused, noRoute } from "../../core/route/table.ts";
import { type Request, referenceMatch } from "./reference.ts";

const anything: RouteMatch = {
  host: null,
  path: { kind: "prefix", value: "/" },
  methods: null,
  scheme: null,
  headers: [],
  query: [],
  cookies: [],
};

function route(match: Partial<RouteMatch>): RouteConfig {
  return {
    name: "route",
    isNamed: true,
    cluster: "app",
    split: null,
    redirect: null,
    respond: null,
    rewrite: null,
    timeout: 0,
    deadlineHeader: null,
    priority: 1,
    priorityHeader: null,
    retry: null,
    mirror: [],
    fault: null,
    host: "preserve",
    policies: null,
    match: { ...anything, ...match },
  };
}

function prefix(value: string): RouteConfig {
  return route({ path: { kind: "prefix", value } });
}

function template(value: string): RouteConfig {
  return route({ path: { kind: "template", value } });
}

function exact(value: string): RouteConfig {
  return route({ path: { kind: "exact", value } });
}

function matcher(routes: readonly RouteConfig[]) {
  const table = compileRoutes(routes);
  return (
    path: string,
    {
      host = "example.com",
      method = "GET",
      headers = {},
      query = "",
      scheme = "http" as "http" | "https",
    } = {},
  ) => {
    const fields = new Map<string, string>(Object.entries(headers));
    return table.match(host, path, method, { get: (name) => fields.get(name) ?? null, query, scheme });
  };
}

t.test("a prefix matches whole segments", async (t) => {
  const match = matcher([prefix("/a")]);
  t.equal(match("/a"), 0);
  t.equal(match("/a/"), 0);
  t.equal(match("/a/b/c"), 0);
  t.equal(match("/ab"), noRoute);
  t.equal(match("/"), noRoute);
});

t.test("the prefix / matches every path, and * of OPTIONS", async (t) => {
  const match = matcher([prefix("/")]);
  for (const path of ["/", "/a", "//", "/a//b", "*"]) t.equal(match(path), 0, path);
  t.equal(matcher([prefix("/a"), template("/{id}"), exact("/")])("*"), noRoute);
});

t.test("an exact path matches nothing below it", async (t) => {
  const match = matcher([exact("/a")]);
  t.equal(match("/a"), 0);
  t.equal(match("/a/"), noRoute);
  t.equal(match("/a/b"), noRoute);
});

t.test("a template takes one non-empty segment for each name", async (t) => {
  const match = matcher([template("/users/{id}/posts")]);
  t.equal(match("/users/7/posts"), 0);
  t.equal(match("/users/%2F/posts"), 0, "an escaped slash is data");
  t.equal(match("/users//posts"), noRoute);
  t.equal(match("/users/7/8/posts"), noRoute);
  t.equal(match("/users/7/posts/"), noRoute);
});

t.test("exact goes before template, template before prefix, longer before shorter", async (t) => {
  const match = matcher([
    prefix("/"),
    prefix("/users"),
    template("/users/{id}"),
    exact("/users/me"),
    prefix("/users/me"),
  ]);
  t.equal(match("/users/me"), 3);
  t.equal(match("/users/7"), 2);
  t.equal(match("/users/me/x"), 4);
  t.equal(match("/users/7/x"), 1);
  t.equal(match("/other"), 0);
});

t.test("a template with more literal segments wins, whichever comes first in the path", async (t) => {
  const match = matcher([template("/a/{x}/{y}"), template("/{x}/b/c"), template("/{x}/{y}/{z}")]);
  t.equal(match("/a/b/c"), 1);
  t.equal(match("/a/b/d"), 0);
  t.equal(match("/z/z/z"), 2);
});

t.test("an exact host goes before a longer wildcard, a shorter one and any", async (t) => {
  const match = matcher([
    route({}),
    route({ host: "*.example.com" }),
    route({ host: "*.api.example.com" }),
    route({ host: "v1.api.example.com" }),
  ]);
  t.equal(match("/", { host: "v1.api.example.com" }), 3);
  t.equal(match("/", { host: "v2.api.example.com" }), 2);
  t.equal(match("/", { host: "a.b.api.example.com" }), 2, "a wildcard takes several labels");
  t.equal(match("/", { host: "api.example.com" }), 1);
  t.equal(match("/", { host: "example.com" }), 0, "and at least one");
  t.equal(match("/", { host: ".example.com" }), 0);
  t.equal(match("/", { host: "evilexample.com" }), 0);
});

t.test("a host is compared without its port", async (t) => {
  const match = matcher([route({ host: "example.com" }), route({ host: "[::1]" })]);
  t.equal(match("/", { host: "example.com:8080" }), 0);
  t.equal(match("/", { host: "[::1]:8080" }), 1);
  t.equal(match("/", { host: "[::1]" }), 1);
  t.equal(match("/", { host: "example.com.evil.net" }), noRoute);
});

t.test("a host that has no route for a path leaves it to the less specific hosts", async (t) => {
  const match = matcher([route({ host: "example.com", path: { kind: "prefix", value: "/a" } }), prefix("/")]);
  t.equal(match("/a"), 0);
  t.equal(match("/b"), 1);
});

t.test("a method and headers are conditions, and more of them go first", async (t) => {
  const match = matcher([
    route({}),
    route({ headers: [{ name: "x-beta", value: null }] }),
    route({
      headers: [
        { name: "x-beta", value: "2" },
        { name: "x-user", value: null },
      ],
    }),
    route({ methods: ["POST"] }),
  ]);
  t.equal(match("/"), 0);
  t.equal(match("/", { headers: { "x-beta": "" } }), 1);
  t.equal(match("/", { headers: { "x-beta": "2", "x-user": "u" } }), 2);
  t.equal(match("/", { headers: { "x-beta": "1", "x-user": "u" } }), 1);
  t.equal(match("/", { method: "POST", headers: { "x-beta": "" } }), 3);
});

t.test("equal routes are decided by the order of the file", async (t) => {
  const match = matcher([
    route({ methods: ["GET"] }),
    route({ methods: ["GET", "HEAD"] }),
    template("/{a}"),
    template("/{b}"),
  ]);
  t.equal(match("/"), 0);
  t.equal(match("/x"), 2);
});

t.test("a path whose routes take other methods is told from one without routes", async (t) => {
  const routes = [
    route({ path: { kind: "prefix", value: "/a" }, methods: ["PUT", "GET"] }),
    route({ path: { kind: "exact", value: "/a" }, methods: ["DELETE", "GET"] }),
    route({ path: { kind: "prefix", value: "/b" }, headers: [{ name: "x-b", value: null }] }),
  ];
  const match = matcher(routes);
  t.equal(match("/a", { method: "POST" }), methodRefused);
  t.equal(match("/b", { method: "POST" }), noRoute, "the method was not what was missing");
  t.equal(match("/c", { method: "POST" }), noRoute);
  const table = compileRoutes(routes);
  t.same(table.allowedMethods("example.com", "/a"), ["DELETE", "GET", "PUT"]);
  t.same(table.allowedMethods("example.com", "/a/x"), ["GET", "PUT"]);
  t.same(table.allowedMethods("example.com", "/b"), []);
});

t.test("names of Object.prototype are hosts and segments like any other", async (t) => {
  const match = matcher([route({ host: "constructor" }), prefix("/__proto__"), exact("/toString")]);
  t.equal(match("/x", { host: "constructor" }), 0);
  t.equal(match("/__proto__/x"), 1);
  t.equal(match("/toString"), 2);
  t.equal(match("/valueOf"), noRoute);
  t.equal(match("/", { host: "__proto__" }), noRoute);
});

t.test("a host of very many labels costs no more than the longest wildcard", async (t) => {
  const table = compileRoutes([route({ host: "*.example.com" })]);
  const host = `${"a.".repeat(500_000)}b`;
  const started = process.cpuUsage();
  t.equal(table.match(host, "/", "GET", { get: () => null, query: "" }), noRoute);
  t.ok(process.cpuUsage(started).user < 1_000_000, "hashing each suffix takes minutes");
});

t.test("no routes match nothing", async (t) => {
  t.equal(matcher([])("/"), noRoute);
});

const host = fc.constantFrom("a.com", "b.a.com", "c.b.a.com", "b.com", "[::1]");
const segment = fc.constantFrom("a", "b", "", "__proto__");
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join("/")}`);
const templatePath = fc
  .array(fc.constantFrom("a", "b", "{x}", "{y}"), { minLength: 1, maxLength: 4 })
  .map((segments) => `/${segments.join("/")}`);
const pathMatch = fc.oneof(
  path.map((value) => ({ kind: "exact" as const, value })),
  templatePath.map((value) => ({ kind: "template" as const, value })),
  path.map((value) => ({
    kind: "prefix" as const,
    value: value.length > 1 ? value.replace(/\/+$/, "") || "/" : value,
  })),
);
const method = fc.constantFrom("GET", "POST", "PUT");
const fieldName = fc.constantFrom("x-a", "x-b");
const fieldValue = fc.constantFrom("1", "2", "12");
const value = fc.oneof(
  fc.option(fieldValue),
  fc.record({ prefix: fieldValue }),
  fc.record({ oneOf: fc.uniqueArray(fieldValue, { minLength: 1 }) }),
);
const scheme = fc.constantFrom("http" as const, "https" as const);
const conditions = (name: fc.Arbitrary<string>) =>
  fc.uniqueArray(fc.record({ name, value }), { selector: ({ name }) => name, maxLength: 2 });
const word = fc.constantFrom("a", "b", "ä", "a b", "1", "2", "12");
const encodings = [
  encodeURIComponent,
  (text: string) => encodeURIComponent(text).replaceAll("%20", "+"),
  (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
];
const encoded = fc.tuple(word, fc.constantFrom(...encodings)).map(([text, encode]) => encode(text));
const parameter = fc.oneof(
  encoded,
  fc.tuple(encoded, encoded).map((pair) => pair.join("=")),
);
const query = fc
  .array(parameter, { maxLength: 4 })
  .map((parts) => (parts.length > 0 ? `?${parts.join("&")}` : ""));
const cookie = fc.tuple(fc.constantFrom("c", "d"), fieldValue).map((pair) => pair.join("="));
const routeMatch: fc.Arbitrary<RouteMatch> = fc.record({
  host: fc.option(fc.oneof(host, fc.constantFrom("*.a.com", "*.b.a.com", "*.com"))),
  path: pathMatch,
  methods: fc.option(fc.uniqueArray(method, { minLength: 1 })),
  scheme: fc.option(scheme),
  headers: conditions(fieldName),
  query: conditions(word),
  cookies: conditions(fc.constantFrom("c", "d")),
});
const request: fc.Arbitrary<Request> = fc.record({
  host,
  path: fc.oneof(path, fc.constant("*")),
  method,
  headers: fc
    .tuple(fc.dictionary(fieldName, fieldValue), fc.array(cookie, { maxLength: 3 }))
    .map(([fields, cookies]) => new Map([...Object.entries(fields), ["cookie", cookies.join("; ")]])),
  query,
  scheme,
});

t.test("the table finds what filtering and sorting every route finds", async (t) => {
  fc.assert(
    fc.property(
      fc.array(routeMatch, { maxLength: 12 }),
      fc.array(request, { minLength: 1, maxLength: 8 }),
      (matches, requests) => {
        const routes = matches.map(route);
        const table = compileRoutes(routes);
        return requests.every((request) => {
          const found = table.match(`${request.host}:80`, request.path, request.method, {
            get: (name) => request.headers.get(name) ?? null,
            query: request.query,
            scheme: request.scheme,
          });
          return found === referenceMatch(routes, request);
        });
      },
    ),
    { numRuns: 2000 },
  );
  t.pass();
});
