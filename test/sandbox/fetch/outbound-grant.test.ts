import t from "tap";
import {
  demandGrant,
  type GrantConfig,
  grantedReach,
  parseGrant,
} from "../../../core/sandbox/host/outbound/grant.ts";
import { parseTarget } from "../../../core/sandbox/host/outbound/target.ts";

function reach(grants: readonly GrantConfig[], url: string) {
  return grantedReach(grants.map(parseGrant), parseTarget(url));
}

t.test("scheme, host and port are granted together", async (t) => {
  const grants = ["https://api.example.com"];
  t.equal(reach(grants, "https://api.example.com/any/path?x"), "public");
  t.equal(reach(grants, "https://API.example.com:443/"), "public");
  for (const url of [
    "http://api.example.com/",
    "https://api.example.com:8443/",
    "https://example.com/",
    "https://x.api.example.com/",
    "https://api.example.com.evil.test/",
    "https://evilapi.example.com/",
    "https://ap\u0456.example.com/",
  ]) {
    t.equal(reach(grants, url), null, url);
  }
});

t.test("a wildcard covers names below its host, by whole labels, and not the host itself", async (t) => {
  const grants = ["https://*.example.com"];
  t.equal(reach(grants, "https://a.example.com/"), "public");
  t.equal(reach(grants, "https://a.b.example.com/"), "public");
  for (const url of [
    "https://example.com/",
    "https://evilexample.com/",
    "https://a.example.com.evil.test/",
  ]) {
    t.equal(reach(grants, url), null, url);
  }
});

t.test("a wildcard covers no address", async (t) => {
  for (const origin of ["http://*.0.0.1", "http://*.1", "http://*.[::1]"])
    t.throws(() => parseGrant(origin), origin);
});

t.test("a port wildcard covers every port of its host", async (t) => {
  t.equal(reach(["http://localhost:*"], "http://localhost:1234/"), "loopback");
  t.equal(reach(["http://localhost:*"], "http://localhost/"), "loopback");
  t.equal(reach(["http://localhost:*"], "https://localhost/"), null);
});

t.test("an address is granted in any of its forms and reached in any of them", async (t) => {
  t.equal(reach(["http://127.0.0.1:8181"], "http://0x7f.1:8181/"), "itself");
  t.equal(reach(["http://2130706433:8181"], "http://127.0.0.1:8181/"), "itself");
  t.equal(reach(["http://[::1]"], "http://[0:0:0:0:0:0:0:1]/"), "itself");
  t.equal(reach(["http://127.0.0.1"], "http://[::ffff:127.0.0.1]/"), null);
});

t.test("private addresses need a mark; the widest grant of an origin counts", async (t) => {
  const marked = { origin: "http://tenants.internal", private: true };
  t.equal(reach([marked], "http://tenants.internal/"), "private");
  t.equal(reach(["http://*.internal", marked], "http://tenants.internal/"), "private");
  t.equal(reach(["http://*.internal", marked], "http://other.internal/"), "public");
});

t.test("what is no origin is no grant", async (t) => {
  for (const origin of [
    "",
    "*",
    "https://*",
    "api.example.com",
    "https://api.example.com/path",
    "https://api.example.com?x",
    "https://user@api.example.com",
    "https://api.*.com",
    "https://a.example.com:99999",
    "https://a.example.com.",
    "ftp://a.example.com",
    "https://a b.test",
  ]) {
    t.throws(() => parseGrant(origin), { message: /is not an origin/ }, origin);
  }
});

t.test("a refusal names the origin and the capability to add", async (t) => {
  t.throws(() => demandGrant([], parseTarget("https://api.example.com/secret?key=1")), {
    name: "NotAllowedError",
    message:
      /^https:\/\/api\.example\.com is not granted: add "https:\/\/api\.example\.com" to .*capabilities\.fetch/,
  });
});
