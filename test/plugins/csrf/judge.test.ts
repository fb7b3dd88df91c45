import t from "tap";
import { isForged } from "../../../plugins/csrf/judge.ts";

const trusted = "https://admin.example.com";
const rules = {
  origins: new Set([trusted]),
  safeMethods: new Set(["GET", "HEAD", "OPTIONS"]),
  strict: false,
};
const url = "https://app.example.com:8443/a";
const own = "https://app.example.com:8443";
const evil = "https://evil.test";

const forged = (fields: Record<string, string>, method = "POST", more = {}) =>
  isForged({ method, url, headers: new Headers(fields) }, { ...rules, ...more });

t.test("pages of the same origin, users and programs may send", async (t) => {
  t.notOk(forged({ "sec-fetch-site": "same-origin", origin: own }));
  t.notOk(forged({ "sec-fetch-site": "none" }));
  t.notOk(forged({}));
  t.notOk(forged({ origin: own }));
  t.notOk(forged({ origin: "http://app.example.com:8443" }), "TLS may have ended before");
});

t.test("A form of another site that posts itself is refused", async (t) => {
  t.ok(forged({ "sec-fetch-site": "cross-site", origin: evil }));
  t.ok(forged({ "sec-fetch-site": "same-site", origin: "https://blog.example.com" }));
  t.ok(forged({ "sec-fetch-site": "cross-site" }));
  t.ok(forged({ origin: evil }), "a browser without Sec-Fetch-Site");
  for (const method of ["PUT", "PATCH", "DELETE", "post", "X"])
    t.ok(forged({ origin: evil }, method), method);
});

t.test("A page that hides its origin, or one that looks like the service's, is refused", async (t) => {
  for (const origin of [
    "null",
    "",
    "https://app.example.com",
    "https://app.example.com:8443.evil.test",
    "https://app.example.com:8443@evil.test",
    "https://evil.test/app.example.com:8443",
    `${own}, ${evil}`,
    `${trusted}.evil.test`,
  ]) {
    t.ok(forged({ origin }), origin);
  }
  t.ok(forged({ "sec-fetch-site": "same-origin, cross-site" }));
  t.ok(forged({ "sec-fetch-site": "", origin: own }));
});

t.test("a listed origin may send", async (t) => {
  t.notOk(forged({ origin: trusted }));
  t.notOk(forged({ "sec-fetch-site": "cross-site", origin: trusted }));
  t.ok(forged({ origin: trusted }, "POST", { origins: new Set() }));
});

t.test("safe methods pass from everywhere, but not to open a WebSocket", async (t) => {
  for (const method of ["GET", "HEAD", "OPTIONS"])
    t.notOk(forged({ "sec-fetch-site": "cross-site" }, method));
  t.ok(forged({ "sec-websocket-key": "a", origin: evil }, "GET"));
  t.notOk(forged({ "sec-websocket-key": "a", origin: own }, "GET"));
});

t.test("strict refuses what does not say where it comes from", async (t) => {
  t.ok(forged({}, "POST", { strict: true }));
  t.notOk(forged({ origin: own }, "POST", { strict: true }));
});
