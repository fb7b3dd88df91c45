import t from "tap";
import { cacheStatus } from "../../../plugins/cache/cache-status.ts";
import { invalidatedUrls } from "../../../plugins/cache/invalidation.ts";
import { planRequest } from "../../../plugins/cache/request-plan.ts";
import { defaultRules } from "../../../plugins/cache/rules.ts";
import { type Fields, request, response } from "./messages.ts";

const plan = (fields: Fields = {}, method = "GET", rules = defaultRules) =>
  planRequest(request(fields, { method, url: "https://a.test/b" }), rules);

t.test("GET and HEAD are looked up under the same key, other methods go on", async (t) => {
  t.same(plan(), { kind: "lookup", key: "GET https://a.test/b" });
  t.same(plan({}, "HEAD"), plan());
  for (const method of ["POST", "PUT", "OPTIONS", "get", "PURGE"])
    t.match(plan({}, method), { kind: "forward", because: "method" });
});

t.test("a GET with a body is not looked up: its body is in no key", async (t) => {
  // Attack: a "fat GET", whose body some origins read as parameters, fills the key of the plain one.
  t.match(plan({ "content-length": "5" }), { kind: "forward", because: "bypass", detail: "body" });
  t.match(plan({ "transfer-encoding": "chunked" }), { kind: "forward", detail: "body" });
  t.match(plan({ "content-length": "0" }), { kind: "lookup" });
});

t.test("fields that put another method or target in the place of the request's keep it out", async (t) => {
  // Attack: cache poisoning by a field that is in no key (CVE-2018-14773).
  for (const name of [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
  ])
    t.match(plan({ [name]: "/admin" }), { kind: "forward", because: "bypass", detail: "override" }, name);
});

t.test("conditions that only the origin can check go to the origin", async (t) => {
  t.match(plan({ "if-match": '"a"' }), { kind: "forward", detail: "condition" });
  t.match(plan({ "if-unmodified-since": "Sun, 06 Nov 1994 08:49:37 GMT" }), {
    kind: "forward",
    detail: "condition",
  });
  t.match(plan({ "if-none-match": '"a"' }), { kind: "lookup" });
  t.match(plan({ upgrade: "websocket" }), { kind: "forward", detail: "upgrade" });
});

t.test("no-store of a client is obeyed where clients count", async (t) => {
  t.match(plan({ "cache-control": "no-store" }), { kind: "forward", because: "request" });
  t.match(plan({ "cache-control": "no-store" }, "GET", { ...defaultRules, honourClients: false }), {
    kind: "lookup",
  });
});

t.test("a change that succeeded ends what is stored of its target", async (t) => {
  const ended = (method: string, status: number, fields: Fields = {}) =>
    invalidatedUrls(request({}, { method, url: "https://a.test/b/c?d" }), response(fields, status));
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "post"])
    t.same(ended(method, 200), ["https://a.test/b/c?d"]);
  t.same(ended("POST", 303), ["https://a.test/b/c?d"]);
  for (const status of [100, 400, 404, 500]) t.same(ended("POST", status), []);
  for (const method of ["GET", "HEAD", "OPTIONS", "TRACE"]) t.same(ended(method, 200), []);
});

t.test("it ends what Location and Content-Location name, at the same origin only", async (t) => {
  const ended = (location: string) =>
    invalidatedUrls(
      request({}, { method: "POST", url: "https://a.test/b/c" }),
      response({ location }, 201),
    ).slice(1);
  t.same(ended("/x?y"), ["https://a.test/x?y"]);
  t.same(ended("x"), ["https://a.test/b/x"]);
  t.same(ended("https://a.test/x#y"), ["https://a.test/x"]);
  t.same(ended("/b/c"), [], "the target itself, once");
  // Attack: one site throws away what is stored of another.
  for (const other of [
    "https://b.test/x",
    "//b.test/x",
    "http://a.test/x",
    "https://a.test:8443/x",
    "https://a.test@b.test/",
    "http://[",
    "javascript:1",
  ])
    t.same(ended(other), [], other);
  const both = response({ location: "/x", "content-location": "/y" }, 201);
  t.same(invalidatedUrls(request({}, { method: "PUT" }), both), [
    "https://a.test/",
    "https://a.test/x",
    "https://a.test/y",
  ]);
});

t.test("Cache-Status says what happened as RFC 9211 has it", async (t) => {
  t.equal(cacheStatus("sluice", { hit: true, remaining: 29_999 }), "sluice; hit; ttl=29");
  t.equal(cacheStatus("sluice", { hit: true, remaining: -412_000 }), "sluice; hit; ttl=-412");
  t.equal(cacheStatus("sluice", { forward: "uri-miss", stored: true }), "sluice; fwd=uri-miss; stored");
  t.equal(
    cacheStatus("a b", { forward: "stale", forwardStatus: 304, collapsed: true, detail: "x y" }),
    '"a b"; fwd=stale; fwd-status=304; collapsed; detail="x y"',
  );
  t.equal(
    cacheStatus("sluice", { key: 'GET https://a.test/"\nfield x=é' }),
    'sluice; key="GET https://a.test/\\"?field x=?"',
  );
});
