import fc from "fast-check";
import t from "tap";
import type { PathMatch, RedirectConfig } from "../../core/config/route-model.ts";
import { compileRedirect, type RequestedUrl } from "../../core/route/redirect.ts";
import { parseTarget } from "../../core/wire/target.ts";

const any: PathMatch = { kind: "prefix", value: "/" };
const unchanged: RedirectConfig = {
  status: 302,
  scheme: null,
  host: null,
  port: null,
  path: null,
  keepQuery: true,
};
const asked: RequestedUrl = { scheme: "http", authority: "a.test:8080", path: "/x", query: "?q=1" };

function locate(
  config: Partial<RedirectConfig>,
  url: Partial<RequestedUrl> = {},
  matched: PathMatch = any,
): string | null {
  return compileRedirect({ ...unchanged, ...config }, matched)({ ...asked, ...url });
}

t.test("what a redirect says nothing of stays as the client asked for it", async (t) => {
  t.equal(locate({ scheme: "https" }), "https://a.test/x?q=1", "another scheme has its own port");
  t.equal(locate({ scheme: "https", port: 8443 }), "https://a.test:8443/x?q=1");
  t.equal(locate({ scheme: "https", port: 443 }), "https://a.test/x?q=1", "a default port is not written");
  t.equal(locate({ host: "b.test" }), "http://b.test/x?q=1");
  t.equal(locate({ port: 81 }), "http://a.test:81/x?q=1");
  t.equal(locate({ port: 80 }), "http://a.test/x?q=1");
  t.equal(locate({ path: { kind: "exact", value: "/new" } }), "/new?q=1", "the same origin needs no name");
  t.equal(locate({ path: { kind: "exact", value: "/new" }, keepQuery: false }), "/new");
  t.equal(locate({ scheme: "https" }, { authority: "[::1]:80" }), "https://[::1]/x?q=1");
  t.equal(locate({ scheme: "https" }, { path: "*", query: "" }), "https://a.test/");
});

t.test("a redirect changes the prefix or fills in a template", async (t) => {
  const from = { kind: "prefix", value: "/old" } as const;
  t.equal(locate({ path: { kind: "prefix", value: "/new" } }, { path: "/old/a" }, from), "/new/a?q=1");
  const users = { kind: "template", value: "/users/{id}" } as const;
  const to = { path: { kind: "template", value: "/people/{id}" } } as const;
  t.equal(locate(to, { path: "/users/7", query: "" }, users), "/people/7");
});

t.test("a request without a host gets no redirect that needs one", async (t) => {
  t.equal(locate({ scheme: "https" }, { authority: "" }), null);
  t.equal(locate({ host: "b.test" }, { authority: "" }), "http://b.test/x?q=1");
});

t.test("open redirect: a path that begins with // or /\\ leads to no other host", async (t) => {
  const strip = { path: { kind: "prefix", value: "/" } } as const;
  const from = { kind: "prefix", value: "/old" } as const;
  t.equal(locate(strip, { path: "/old//evil.test", query: "" }, from), "/evil.test");
  t.equal(locate(strip, { path: "/old/%5Cevil.test", query: "" }, from), "/%5Cevil.test");
  t.equal(locate({ keepQuery: false }, { path: "//evil.test" }), "/evil.test");
});

t.test("a Location holds what a URL may hold and nothing else", async (t) => {
  t.equal(
    locate({ scheme: "https" }, { path: "/{a}|^`[b]", query: "?{c}[]" }),
    "https://a.test/%7Ba%7D%7C%5E%60%5Bb%5D?%7Bc%7D%5B%5D",
  );
});

t.test("whatever a client sends, its redirect stays with the host that the config says", async (t) => {
  const character = fc.constantFrom(
    "/",
    "\\",
    ".",
    "@",
    ":",
    "?",
    "#",
    "%",
    "5",
    "c",
    "C",
    "0",
    "d",
    "a",
    ";",
    "\r",
    "\n",
    "\t",
    " ",
  );
  const target = fc.string({ unit: character, maxLength: 20 }).map((text) => `/${text}`);
  const to = fc.constantFrom<Partial<RedirectConfig>>(
    { path: { kind: "prefix", value: "/" } },
    { path: { kind: "prefix", value: "/new" } },
    { host: "safe.test" },
    { keepQuery: false },
  );
  let redirected = 0;
  fc.assert(
    fc.property(target, to, (text, config) => {
      const parsed = parsedOrNull(text);
      if (parsed === null) return true;
      redirected++;
      const location = locate(config, { ...parsed, authority: "safe.test", scheme: "https" })!;
      return !/[^\x21-\x7e]/.test(location) && new URL(location, "https://safe.test/").host === "safe.test";
    }),
    { numRuns: 5000 },
  );
  t.ok(redirected > 500, `${redirected}`);
});

/** Null: a request with it is refused. */
function parsedOrNull(target: string) {
  try {
    return parseTarget("GET", target);
  } catch {
    return null;
  }
}
