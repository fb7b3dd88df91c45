import t from "tap";
import { defaultRules, type SetCookieRule } from "../../../plugins/cache/rules.ts";
import { isWhole } from "../../../plugins/cache/storable.ts";
import { dateAt, refusal, request, stored } from "./messages.ts";

const get = request();
const fresh = { "cache-control": "max-age=60" };

t.test("a response with a lifetime is kept", async (t) => {
  t.equal(refusal(get, fresh), null);
  t.equal(refusal(get, { expires: dateAt(60) }), null);
  t.equal(refusal(get, { date: dateAt(0), "last-modified": dateAt(-1000) }), null);
  t.equal(refusal(get, { "cdn-cache-control": "max-age=60", "cache-control": "no-store" }), null);
});

t.test("a response without one is kept only where it can be validated", async (t) => {
  t.equal(refusal(get, {}), "no-lifetime");
  t.equal(refusal(get, { etag: '"a"' }), null);
  t.equal(refusal(get, { etag: '"a"' }, { status: 201 }), "no-lifetime");
  t.equal(refusal(get, { "cache-control": "max-age=0" }), "useless");
  t.equal(refusal(get, { "cache-control": "max-age=0", etag: '"a"' }), null);
  t.equal(refusal(get, { "cache-control": "max-age=0, stale-while-revalidate=5" }), null);
  t.equal(refusal(get, { "cache-control": "max-age=0, stale-if-error=5" }), null);
  t.equal(refusal(get, { "cache-control": "max-age=0, stale-if-error=0" }), "useless");
  t.equal(refusal(get, { "cache-control": "no-cache, max-age=60" }), "useless");
  t.equal(refusal(get, { "cache-control": "no-cache", etag: '"a"' }), null);
});

t.test("no-store is obeyed, whoever says it, and in any case", async (t) => {
  t.equal(refusal(get, { "cache-control": "max-age=60, No-StOrE" }), "no-store");
  t.equal(refusal(get, { "cache-control": ["max-age=60", "no-store=1"] }), "no-store");
  t.equal(refusal(get, { ...fresh, "cdn-cache-control": "no-store" }), "no-store");
  t.equal(refusal(request({ "cache-control": "no-store" }), fresh), "no-store");
  const rules = { ...defaultRules, honourClients: false };
  t.equal(refusal(request({ "cache-control": "no-store" }), fresh, { rules }), null);
});

t.test("must-understand goes before no-store where the status is understood", async (t) => {
  const must = { "cache-control": "max-age=60, no-store, must-understand" };
  t.equal(refusal(get, must), null);
  t.equal(refusal(get, must, { status: 599 }), "no-store");
  t.equal(refusal(get, { "cache-control": "max-age=60, must-understand" }, { status: 299 }), "no-store");
  t.equal(refusal(get, fresh, { status: 299 }), null);
});

t.test("what is for one user is not kept, and of some responses only the fields that are", async (t) => {
  t.equal(refusal(get, { "cache-control": "private, max-age=60" }), "private");
  t.equal(refusal(get, { ...fresh, "cdn-cache-control": "private" }), "private");
  const named = {
    "cache-control": 'private="x-name", no-cache="X-Count, x-other", max-age=60',
    "x-name": "1",
    "x-count": "2",
    "x-rest": "3",
  };
  t.equal(refusal(get, named), null);
  const names = stored(named).fields.map(([name]) => name);
  t.same(names, ["cache-control", "x-rest", "date"]);
});

t.test("a response to Authorization needs a directive that says shared caches may", async (t) => {
  const authorized = request({ authorization: "Basic Zm9v" });
  t.equal(refusal(authorized, fresh), "authorization");
  for (const directive of ["public", "must-revalidate", "s-maxage=60"])
    t.equal(refusal(authorized, { "cache-control": `max-age=60, ${directive}` }), null, directive);
  t.equal(
    refusal(authorized, { "cache-control": "public, max-age=60", "cdn-cache-control": "max-age=60" }),
    "authorization",
  );
});

t.test("partial responses, answers to conditions and interim responses are not kept", async (t) => {
  for (const status of [100, 103, 206, 304]) t.equal(refusal(get, fresh, { status }), "status", `${status}`);
  for (const status of [200, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 503, 599])
    t.equal(refusal(get, fresh, { status }), null, `${status}`);
});

t.test("a response that varies by everything, or by what is no field, is not kept", async (t) => {
  for (const vary of ["*", "accept, *", ["accept", "*"], ", *", "accept;q", "a b"])
    t.equal(refusal(get, { ...fresh, vary }), "vary", `${vary}`);
  t.equal(refusal(get, { ...fresh, vary: "accept, ,cookie" }), null);
});

t.test("where cookies play a part, only what the origin marked for keeping is kept", async (t) => {
  const guessed = { date: dateAt(0), "last-modified": dateAt(-1000) };
  t.equal(refusal(get, { ...guessed, "set-cookie": "id=1" }), "personal");
  t.equal(refusal(request({ cookie: "id=1" }), guessed), "personal");
  t.equal(refusal(request({ cookie: "id=1" }), { etag: '"a"' }), "personal");
  t.equal(refusal(get, { ...fresh, "set-cookie": "id=1" }), null);
  t.equal(refusal(request({ cookie: "id=1" }), fresh), null);
  t.equal(refusal(request({ cookie: "id=1" }), { ...guessed, "cache-control": "public" }), null);
  const rules = { ...defaultRules, lifetimes: { 399: 5000, 400: 5000, 404: 5000 } };
  t.equal(refusal(request({ cookie: "id=1" }), {}, { status: 400, rules }), null, "an error to remember");
  t.equal(refusal(request({ cookie: "id=1" }), {}, { status: 399, rules }), "personal", "no error");
  t.equal(refusal(get, { "set-cookie": "id=1" }, { status: 404, rules }), "personal");
  const pages = { ...defaultRules, lifetimes: { 200: 5000 } };
  t.equal(refusal(get, {}, { rules: pages }), null);
  t.equal(refusal(request({ cookie: "id=1" }), {}, { rules: pages }), "personal");
});

t.test("what sets cookies is kept as the operator says", async (t) => {
  const sets = { "set-cookie": "id=1" };
  const said = ["max-age=60", "public, max-age=60", "s-maxage=60"];
  const refused = (setCookie: SetCookieRule) =>
    said.map((control) =>
      refusal(get, { ...sets, "cache-control": control }, { rules: { ...defaultRules, setCookie } }),
    );
  t.same(refused("never"), ["set-cookie", "set-cookie", "set-cookie"]);
  t.same(refused("strip"), ["set-cookie", null, null]);
  t.same(refused("share"), [null, null, null]);
});

t.test("other methods are not kept, but for a POST that is the resource", async (t) => {
  const by = (method: string) => request({}, { method, url: "https://a.test/b?c" });
  for (const method of ["HEAD", "PUT", "DELETE", "OPTIONS", "M-SEARCH"])
    t.equal(refusal(by(method), fresh), "method");
  t.equal(refusal(by("POST"), fresh), "method");
  t.equal(refusal(by("POST"), { ...fresh, "content-location": "https://a.test/b?c" }), null);
  t.equal(refusal(by("POST"), { ...fresh, "content-location": "/b?c" }), null);
  t.equal(refusal(by("POST"), { ...fresh, "content-location": "/b" }), "method");
  t.equal(refusal(by("POST"), { ...fresh, "content-location": "//b.test/b?c" }), "method");
  t.equal(refusal(by("POST"), { etag: '"a"', "content-location": "/b?c" }), "method", "without a lifetime");
});

t.test("a body that is known to be too large is not kept", async (t) => {
  const rules = { ...defaultRules, maximumBody: 10 };
  t.equal(refusal(get, { ...fresh, "content-length": "11" }, { rules }), "too-large");
  t.equal(refusal(get, { ...fresh, "content-length": "10" }, { rules }), null);
});

t.test("fields of one connection are not kept", async (t) => {
  const { fields } = stored({
    ...fresh,
    connection: "close, X-Hop",
    "x-hop": "1",
    "keep-alive": "timeout=5",
    te: "a",
    "set-cookie": ["a=1", "b=2"],
  });
  t.same(fields, [
    ["cache-control", "max-age=60"],
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
    ["date", dateAt(0)],
  ]);
});

t.test("none of the fields that RFC 9111 section 3.1 leaves out is kept", async (t) => {
  const names = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
  ];
  const fields = Object.fromEntries([...names, "date", "x-kept"].map((name) => [name, "1"]));
  t.same(stored(fields).fields, [
    ["date", "1"],
    ["x-kept", "1"],
  ]);
});

t.test("a response without Date gets the time at which it came", async (t) => {
  t.same(stored({}).fields, [["date", dateAt(0)]]);
  t.same(stored({ date: dateAt(-5) }).fields, [["date", dateAt(-5)]]);
});

t.test("a body that ends early is not the whole one", async (t) => {
  const { fields } = stored({ "content-length": "10" });
  t.same(
    [isWhole(fields, 10), isWhole(fields, 9), isWhole(fields, 11), isWhole([], 9)],
    [true, false, false, true],
  );
});
