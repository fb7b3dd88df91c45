import fc from "fast-check";
import t from "tap";
import { cacheKey, type KeyRules } from "../../../../plugins/cache/key/cache-key.ts";
import { type Fields, request } from "../messages.ts";

const plain: KeyRules = { fields: [], cookies: [], ignoredQuery: [], sortQuery: false };

function key(url: string, rules: Partial<KeyRules> = {}, fields: Fields = {}, method = "GET"): string {
  return cacheKey(request(fields, { method, url }), { ...plain, ...rules });
}

t.test("a key holds method, scheme, authority, path and query", async (t) => {
  const base = key("https://a.test/b?c");
  t.equal(base, "GET https://a.test/b?c");
  for (const other of ["http://a.test/b?c", "https://b.test/b?c", "https://a.test/B?c", "https://a.test/b?C"])
    t.not(key(other), base, other);
  for (const other of [
    "https://a.test/b",
    "https://a.test/b?",
    "https://a.test/b/?c",
    "https://a.test:8443/b?c",
  ])
    t.not(key(other), base, other);
  t.not(key("https://a.test/b?c", {}, {}, "OPTIONS"), base);
  t.equal(key("https://a.test/b?c", {}, {}, "HEAD"), base, "HEAD is answered from GET");
});

t.test("what names the same place in another way has the same key", async (t) => {
  t.equal(key("HTTPS://A.test:443/b"), key("https://a.test/b"));
  t.equal(key("http://a.test:80"), key("http://a.test/"));
  t.equal(key("https://a.test:/b"), key("https://a.test/b"));
  t.not(key("https://a.test:80/b"), key("https://a.test/b"));
  t.equal(key("https://a.test/b#c"), key("https://a.test/b"));
});

t.test("the path counts byte by byte: no two that are forwarded differently share a key", async (t) => {
  // Attack: cache deception by path confusion. What the origin takes for another page is another key.
  const paths = [
    "/a",
    "/a/",
    "/a;x.css",
    "/a/x.css",
    "/a%2Fx.css",
    "/a%2fx.css",
    "/a%00",
    "/a//",
    "/a?x.css",
    "/a%3Fx.css",
    "/A",
  ];
  t.equal(new Set(paths.map((path) => key(`https://a.test${path}`))).size, paths.length);
});

t.test("ignored parameters leave the key, and nothing else does", async (t) => {
  const rules = { ignoredQuery: ["utm_*", "ref"] };
  t.equal(key("https://a.test/?utm_source=1&a=1&ref=2&utm_x", rules), "GET https://a.test/?a=1");
  t.equal(key("https://a.test/?ref=1", rules), "GET https://a.test/");
  t.equal(key("https://a.test/?referrer=1&autm_a=1", rules), "GET https://a.test/?referrer=1&autm_a=1");
  t.equal(key("https://a.test/?ut%6D_a=1", rules), "GET https://a.test/?ut%6D_a=1", "an escaped name stays");
  t.equal(key("https://a.test/?a=1", { ignoredQuery: "all" }), "GET https://a.test/");
});

t.test("a parameter that hides behind a semicolon does not leave the key with an ignored one", async (t) => {
  // Attack: the origin parts parameters at ";" too and sees q=evil, which the key must hold (CVE-2021-23336).
  const rules = { ignoredQuery: ["utm_*"], sortQuery: true };
  t.not(key("https://a.test/?q=1&utm_a=1;q=evil", rules), key("https://a.test/?q=1", rules));
});

t.test("sorting leaves parameters of one name in their order", async (t) => {
  const rules = { sortQuery: true };
  t.equal(key("https://a.test/?b=1&a=2&a=1", rules), "GET https://a.test/?a=2&a=1&b=1");
  t.not(key("https://a.test/?a=1&a=2", rules), key("https://a.test/?a=2&a=1", rules));
  t.not(
    key("https://a.test/?b=1&a=2"),
    key("https://a.test/?a=2&b=1"),
    "unless it is asked for, order counts",
  );
});

t.test("named fields and cookies count, and whether they are there", async (t) => {
  const rules = { fields: ["x-tenant"], cookies: ["lang"] };
  const at = (fields: Fields) => key("https://a.test/", rules, fields);
  t.not(at({ "x-tenant": "a" }), at({ "x-tenant": "b" }));
  t.not(at({ "x-tenant": "" }), at({}));
  t.not(at({ cookie: "lang=de" }), at({ cookie: "lang=en" }));
  t.equal(at({ cookie: "id=1; lang=de" }), at({ cookie: "lang=de;id=2" }), "other cookies do not");
  t.not(at({ cookie: "lang=" }), at({ cookie: "id=1" }));
});

t.test("all values of a cookie count, since the origin may take any of them", async (t) => {
  // Attack: `lang=en; lang=evil` under a key that holds only the first.
  const at = (cookie: string) => key("https://a.test/", { cookies: ["lang"] }, { cookie });
  t.not(at("lang=en; lang=evil"), at("lang=en"));
  t.not(at("lang=en; lang=evil"), at("lang=evil; lang=en"));
  t.equal(at("no-pair; lang=en ;a=b; lang = evil"), "GET https://a.test/\ncookie lang=en;evil");
});

t.test("cookies named like properties of objects are names like others", async (t) => {
  const rules = { cookies: ["__proto__"] };
  t.not(key("https://a.test/", rules, { cookie: "__proto__=1" }), key("https://a.test/", rules, {}));
});

t.test("no value of a field can stand for another part of the key", async () => {
  const value = fc.string({ unit: fc.constantFrom(..."a=; \tfieldcookie") });
  const rules = { ...plain, fields: ["a", "b"] };
  fc.assert(
    fc.property(value, value, value, value, (a, b, c, d) => {
      const one = cacheKey(request({ a, b }), rules);
      return (one === cacheKey(request({ a: c, b: d }), rules)) === (a === c && b === d);
    }),
  );
});
