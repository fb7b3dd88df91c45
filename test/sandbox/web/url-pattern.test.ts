import t from "tap";
import { URL } from "../../../sdk/runtime/url/url.ts";
import { URLPattern } from "../../../sdk/runtime/url/url-pattern.ts";
import { bindWebHost } from "./host.ts";

bindWebHost();

t.test("URLPattern matches texts, URLs and components and gives the groups", async (t) => {
  const pattern = new URLPattern("https://*.example.com/users/:id(\\d+)/:rest*");
  const { hostname, pathname } = pattern.exec("https://api.example.com/users/42/a/b")!;
  t.same(hostname.groups, { 0: "api" });
  t.same(pathname.groups, { id: "42", rest: "a/b" });
  t.ok(pattern.test(new URL("https://x.example.com/users/7") as unknown as string));
  t.ok(pattern.test("/users/7", "https://x.example.com"));
  t.ok(pattern.test({ protocol: "https", hostname: "x.example.com", pathname: "/users/7" }));
  t.notOk(pattern.test("https://example.com/users/7"));
  t.notOk(pattern.test("https://api.example.com/users/x"));
  t.notOk(pattern.test("no url"));
});

t.test("a component that is left out matches anything, one that a text passes over is empty", async (t) => {
  t.ok(new URLPattern({ pathname: "/a" }).test("https://any:8443/a?b#c"));
  const pattern = new URLPattern("https://a/b#c");
  t.same([pattern.port, pattern.pathname, pattern.search, pattern.hash], ["", "/b", "", "c"]);
  t.equal(new URLPattern("https://a:443/").port, "");
  t.equal(new URLPattern({ search: "?q=*" }).search, "q=*");
});

t.test("a pattern is relative to its base, and the base is taken literally", async (t) => {
  const pattern = new URLPattern(":file", "https://a/b(c)/d");
  t.equal(pattern.pathname, "/b\\(c\\)/:file");
  t.ok(pattern.test("https://a/b(c)/x"));
  t.throws(() => new URLPattern("/a"), TypeError);
  t.throws(() => new URLPattern({ pathname: "/a" }, "https://a/"), TypeError);
  t.throws(() => pattern.test({ pathname: "/a" }, "https://a/"), TypeError);
});

t.test("case is ignored when it is told to be", async (t) => {
  t.ok(new URLPattern({ pathname: "/Ab" }, { ignoreCase: true }).test({ pathname: "/aB" }));
  t.ok(new URLPattern("/Ab", "https://a", { ignoreCase: true }).test("https://a/aB"));
  t.notOk(new URLPattern({ pathname: "/Ab" }).test({ pathname: "/aB" }));
});

t.test("what is no pattern is a TypeError", async (t) => {
  for (const pathname of [
    "(",
    "(a",
    "()",
    "(?a)",
    "((a))",
    "(é)",
    "{a",
    ":",
    "\\",
    "/:a/:a",
    "(\\",
    "([b-a])",
  ]) {
    t.throws(() => new URLPattern({ pathname }), TypeError, pathname);
  }
  t.throws(() => new URLPattern({ hostname: "a b" }), TypeError);
  t.throws(() => new URLPattern({ port: "65536" }), TypeError);
  t.throws(() => new URLPattern({ protocol: "1" }), TypeError);
});

t.test("a pattern tells whether it has expressions of its own", async (t) => {
  t.equal(new URLPattern({ pathname: "/(a|b)" }).hasRegExpGroups, true);
  t.equal(new URLPattern({ pathname: "/:a/*" }).hasRegExpGroups, false);
});
