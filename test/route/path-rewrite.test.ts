import fc from "fast-check";
import t from "tap";
import { catchAllRoute } from "../../core/config/overrides.ts";
import type { PathMatch, PathRewrite } from "../../core/config/route-model.ts";
import { compileRewrite } from "../../core/route/path-rewrite.ts";
import { compileRoutes } from "../../core/route/table.ts";
import { canonicalPath } from "../../core/wire/target.ts";

const prefix = (value: string) => ({ kind: "prefix", value }) as const;
const template = (value: string) => ({ kind: "template", value }) as const;

t.test("a prefix takes the place of the prefix that matched", async (t) => {
  const cases: [from: string, to: string, path: string, rewritten: string][] = [
    ["/api", "/v2", "/api/users/7", "/v2/users/7"],
    ["/api", "/v2", "/api", "/v2"],
    ["/api", "/v2", "/api/", "/v2/"],
    ["/api", "/", "/api/users", "/users"],
    ["/api", "/", "/api", "/"],
    ["/api", "/", "/api/", "/"],
    ["/", "/v2", "/", "/v2/"],
    ["/", "/v2", "/users", "/v2/users"],
    ["/a/b", "/c", "/a/b/a/b", "/c/a/b"],
    ["/api", "/v2", "/api//x;y=1/%2F", "/v2//x;y=1/%2F"],
    ["/", "/v2", "*", "*"],
  ];
  for (const [from, to, path, rewritten] of cases) {
    t.equal(compileRewrite(prefix(from), prefix(to))(path), rewritten, `${from} ${to} ${path}`);
  }
});

t.test("a template is filled in by name with the segments that matched", async (t) => {
  const rewrite = compileRewrite(template("/users/{id}/posts/{post}"), template("/{post}/of/{id}/{post}"));
  t.equal(rewrite("/users/7/posts/%2F"), "/%2F/of/7/%2F");
  t.equal(
    compileRewrite(template("/users/{id}"), { kind: "exact", value: "/people" })("/users/7"),
    "/people",
  );
});

t.test("slashes after the prefix make no host of what follows", async (t) => {
  t.equal(compileRewrite(prefix("/api"), prefix("/"))("/api//evil.test/x"), "/evil.test/x");
  t.equal(compileRewrite(prefix("/"), prefix("/"))("///evil.test"), "/evil.test");
});

const segment = fc.string({
  unit: fc.constantFrom("a", "b", ".", "%2e", "%2E", "%2f", "%5c", ";", "%25", "2e"),
});
const anyPath = fc.array(segment, { maxLength: 6 }).map((segments) => `/${segments.join("/")}`);
const rules: readonly (readonly [PathMatch, PathRewrite])[] = [
  [prefix("/a"), prefix("/v2")],
  [prefix("/a/b"), prefix("/")],
  [prefix("/"), prefix("/")],
  [prefix("/"), prefix("/v2")],
  [template("/a/{x}"), template("/{x}")],
  [template("/{x}/b/{y}"), template("/{y}/{x}")],
];

t.test("whatever a client sends, a rewritten path is canonical and stays below its prefix", async (t) => {
  let matched = 0;
  fc.assert(
    fc.property(anyPath, fc.constantFrom(...rules), (sent, [from, to]) => {
      const path = canonicalOrNull(sent);
      if (path === null) return true;
      const route = { ...catchAllRoute("app"), match: { ...catchAllRoute("app").match, path: from } };
      if (compileRoutes([route]).match("a", path, "GET", { get: () => null, query: "" }) !== 0) return true;
      matched++;
      const rewritten = compileRewrite(from, to)(path);
      const below = to.kind !== "prefix" || to.value === "/" || `${rewritten}/`.startsWith(`${to.value}/`);
      return canonicalPath(rewritten) === rewritten && !/^\/\//.test(rewritten) && below;
    }),
    { numRuns: 5000 },
  );
  t.ok(matched > 500, `${matched}`);
});

/** Null: a request with it is refused. */
function canonicalOrNull(path: string): string | null {
  try {
    return canonicalPath(path);
  } catch {
    return null;
  }
}
