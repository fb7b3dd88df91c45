import fc from "fast-check";
import t from "tap";
import { parseDirectives, scopeOf, secondsOf } from "../../../../plugins/cache/directives/directives.ts";
import { requestDirectives } from "../../../../plugins/cache/directives/request-directives.ts";
import { responseDirectives } from "../../../../plugins/cache/directives/response-directives.ts";

function maxAge(value: string): number | null {
  return secondsOf(parseDirectives(value), "max-age");
}

t.test("seconds are read from a token and from a quoted string, in any case of the name", async (t) => {
  t.equal(maxAge("max-age=60"), 60);
  t.equal(maxAge('MaX-aGe="60"'), 60);
  t.equal(maxAge("max-age=0060"), 60);
  t.equal(maxAge("public"), null);
  t.equal(maxAge('extension="max-age=3600"'), null);
});

t.test("more seconds than anyone counts are as many as RFC 9111 says", async (t) => {
  for (const text of ["2147483648", "99999999999", "9".repeat(400)])
    t.equal(maxAge(`max-age=${text}`), 2 ** 31);
});

t.test("what is no number of seconds is 0, which is stale", async (t) => {
  for (const text of ["-1", "1.5", "'60'", "60a", "", '"60', '""', "6 0", "1e3", "0x10"])
    t.equal(maxAge(`max-age=${text}`), 0, text);
  t.equal(maxAge("max-age"), 0);
  t.equal(maxAge("max-age =60"), 0);
  t.equal(maxAge("max-age= 60"), 0);
});

t.test("the same directive with different values is stale, with the same value it is that", async (t) => {
  t.equal(maxAge("max-age=60, max-age=10"), 0);
  t.equal(maxAge("max-age=10, max-age=60"), 0);
  t.equal(maxAge("max-age=60, max-age=60"), 60);
  t.equal(maxAge("max-age=60, max-age"), 0);
});

t.test("no-cache and private are about some fields or about all", async (t) => {
  const scope = (value: string) => scopeOf(parseDirectives(value), "private");
  t.same(scope("max-age=1"), []);
  t.equal(scope("private"), "all");
  t.same(scope('private="Set-Cookie, X-Name"'), ["set-cookie", "x-name"]);
  t.same(scope("private=Set-Cookie"), ["set-cookie"]);
  t.same(scope('private="a", private="b"'), ["a", "b"]);
  t.equal(scope('private="a", private'), "all", "the stricter of two");
  t.equal(scope('private=""'), "all", "no fields are named");
  t.equal(scope('private="a b"'), "all", "no name of a field");
  t.equal(scope('private="a, max-age=5'), "all", "the quote is never closed");
});

t.test("a response's directives are found in any order among unknown ones", async (t) => {
  const directives = responseDirectives(
    "foo, S-Maxage=5,no-store , must-revalidate, bar=x, public, max-age=9",
  );
  t.match(directives, { sMaxage: 5, maxAge: 9, noStore: true, mustRevalidate: true, isPublic: true });
  t.match(responseDirectives(null), { maxAge: null, noStore: false, noCache: [], private: [] });
});

t.test("a request's directive that cannot be read is none", async (t) => {
  t.match(requestDirectives("max-age=60, min-fresh=5, max-stale=7"), {
    maxAge: 60,
    minFresh: 5,
    maxStale: 7,
  });
  t.match(requestDirectives("max-age=soon, min-fresh, no-cache"), {
    maxAge: null,
    minFresh: null,
    noCache: true,
  });
  t.equal(requestDirectives("max-stale").maxStale, Infinity);
  t.equal(requestDirectives("no-cache=foo").noCache, true);
});

t.test("whatever bytes come, nothing is thrown and no-store is not lost at the end", async () => {
  const noise = fc.string({ unit: fc.constantFrom(..."ab=,; \t\\0'") });
  fc.assert(fc.property(noise, (text) => responseDirectives(`${text}, no-store`).noStore));
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const { maxAge } = responseDirectives(text);
      return maxAge === null || (maxAge >= 0 && maxAge <= 2 ** 31);
    }),
  );
});
