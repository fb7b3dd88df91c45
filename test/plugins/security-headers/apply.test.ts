import fc from "fast-check";
import t, { type Test } from "tap";
import { applyRules } from "../../../plugins/security-headers/apply.ts";
import { type Config, rulesOf } from "../../../plugins/security-headers/rules.ts";

/** Nothing but what a test asks for. */
const silent: Config = {
  contentTypeOptions: false,
  hsts: false,
  referrerPolicy: false,
  frameAncestors: false,
  contentSecurityPolicy: false,
  contentSecurityPolicyReportOnly: false,
  permissionsPolicy: false,
  openerPolicy: false,
  embedderPolicy: false,
  resourcePolicy: false,
  remove: [],
  override: false,
};

type Pairs = Record<string, string>;

/** What becomes of the fields that a service sent. */
function become(config: Partial<Config>, sent: Pairs = {}, isSecure = false): Pairs {
  const headers = new Headers(sent);
  applyRules(headers, rulesOf({ ...silent, ...config }), isSecure);
  return Object.fromEntries(headers);
}

t.test("a config that asks for nothing changes nothing", async (t) => {
  t.same(become({}), {});
  t.same(become({ override: true }, { server: "a" }), { server: "a" });
});

t.test("each setting is its field, and false is none", async (t) => {
  t.same(become({ contentTypeOptions: true }), { "x-content-type-options": "nosniff" });
  t.same(become({ referrerPolicy: "origin" }), { "referrer-policy": "origin" });
  t.same(become({ permissionsPolicy: "camera=()" }), { "permissions-policy": "camera=()" });
  t.same(become({ openerPolicy: "same-origin" }), { "cross-origin-opener-policy": "same-origin" });
  t.same(become({ embedderPolicy: "require-corp" }), { "cross-origin-embedder-policy": "require-corp" });
  t.same(become({ resourcePolicy: "same-site" }), { "cross-origin-resource-policy": "same-site" });
  t.same(become({ contentSecurityPolicy: "default-src *" }), { "content-security-policy": "default-src *" });
  t.same(become({ contentSecurityPolicyReportOnly: "img-src *" }), {
    "content-security-policy-report-only": "img-src *",
  });
});

t.test("what the service set stands, unless the operator overrides it", async (t) => {
  const sent = { "referrer-policy": "unsafe-url", "content-security-policy": "default-src a" };
  const config = { referrerPolicy: "no-referrer", contentSecurityPolicy: "default-src b" } as const;
  t.same(become(config, sent), sent);
  t.same(become({ ...config, override: true }, sent), {
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src b",
  });
});

t.test("Strict-Transport-Security is for https alone", async (t) => {
  const name = "strict-transport-security";
  const hsts = { maxAge: 60, includeSubDomains: false, preload: false };
  t.same(become({ hsts }), {});
  t.same(become({ hsts }, {}, true), { [name]: "max-age=60" });
  t.same(become({ hsts: { ...hsts, includeSubDomains: true } }, {}, true), {
    [name]: "max-age=60; includeSubDomains",
  });
  t.same(become({ hsts: true }, {}, true), { [name]: "max-age=31536000" });
  const long = { maxAge: 31_536_000, includeSubDomains: true, preload: true };
  t.same(become({ hsts: long }, {}, true), { [name]: "max-age=31536000; includeSubDomains; preload" });
  for (const short of [
    { ...long, maxAge: 31_535_999 },
    { ...long, includeSubDomains: false },
  ]) {
    t.throws(() => become({ hsts: short }), { message: /^Cannot use hsts\.preload/ });
  }
});

t.test("frames are forbidden in both fields, and a list in the one that can say it", async (t) => {
  const both = (directive: string, option: string) => ({
    "content-security-policy": `frame-ancestors ${directive}`,
    "x-frame-options": option,
  });
  t.same(become({ frameAncestors: "none" }), both("'none'", "DENY"));
  t.same(become({ frameAncestors: "self" }), both("'self'", "SAMEORIGIN"));
  t.same(become({ frameAncestors: ["'self'", "https://a"] }), {
    "content-security-policy": "frame-ancestors 'self' https://a",
  });
  t.same(become({ frameAncestors: "self", contentSecurityPolicy: "default-src *; " }), {
    "content-security-policy": "default-src *; frame-ancestors 'self'",
    "x-frame-options": "SAMEORIGIN",
  });
  const own = "frame-ancestors https://a";
  t.same(become({ frameAncestors: "self", contentSecurityPolicy: own }), { "content-security-policy": own });
});

/** Browsers leave X-Frame-Options aside where there is frame-ancestors: a field too many opens what was closed. */
t.test("A service that decided who frames it is not overruled by the other field", async (t) => {
  const config = { frameAncestors: "self" } as const;
  kept(t, config, { "x-frame-options": "DENY" });
  kept(t, config, { "content-security-policy": "frame-ancestors https://partner" });
  kept(
    t,
    { contentSecurityPolicy: "default-src a; frame-ancestors *" },
    { "x-frame-options": "DENY" },
    {
      "content-security-policy": "default-src a",
    },
  );
  kept(t, { contentSecurityPolicy: "frame-ancestors *" }, { "x-frame-options": "DENY" });
});

function kept(t: Test, config: Partial<Config>, sent: Pairs, more: Pairs = {}): void {
  t.same(become(config, sent), { ...sent, ...more });
}

t.test("a service's policy that says nothing of frames gets a second one beside it", async (t) => {
  t.same(become({ frameAncestors: "none" }, { "content-security-policy": "default-src 'self'" }), {
    "content-security-policy": "default-src 'self', frame-ancestors 'none'",
    "x-frame-options": "DENY",
  });
});

t.test("override replaces the service's word on frames and nothing else of its policy", async (t) => {
  const sent = {
    "content-security-policy": "default-src 'self'; frame-ancestors *",
    "x-frame-options": "SAMEORIGIN",
  };
  t.same(become({ frameAncestors: "none", override: true }, sent), {
    "content-security-policy": "default-src 'self', frame-ancestors 'none'",
    "x-frame-options": "DENY",
  });
  t.same(become({ frameAncestors: ["https://a"], override: true }, sent), {
    "content-security-policy": "default-src 'self', frame-ancestors https://a",
  });
  t.same(
    become({ frameAncestors: "self", override: true }, { "content-security-policy": "frame-ancestors *" }),
    {
      "content-security-policy": "frame-ancestors 'self'",
      "x-frame-options": "SAMEORIGIN",
    },
  );
  t.same(become({ override: true }, sent), sent);
});

t.test("fields are removed by name in any case, and those that frame a message are refused", async (t) => {
  t.same(become({ remove: ["Server", "x-powered-by"] }, { server: "a", "x-powered-by": "b", "x-c": "d" }), {
    "x-c": "d",
  });
  for (const name of ["content-length", "Transfer-Encoding", "connection", "via", "x_request_id"])
    t.throws(() => become({ remove: [name] }), { message: /^Cannot use remove/ }, name);
});

t.test(
  "whatever a service sends, doing it twice does no more, and no field of others is touched",
  async () => {
    const value = fc.constantFrom(
      "default-src 'self'",
      "frame-ancestors *",
      "DENY",
      "nosniff",
      "",
      "a; b, frame-ancestors 'none'; c",
    );
    const name = fc.constantFrom(
      "content-security-policy",
      "x-frame-options",
      "x-content-type-options",
      "referrer-policy",
      "strict-transport-security",
      "server",
      "x-other",
    );
    const config = fc.record({
      contentTypeOptions: fc.boolean(),
      frameAncestors: fc.constantFrom(false as const, "none" as const, "self" as const, [
        "https://a.example",
      ]),
      contentSecurityPolicy: fc.constantFrom(false as const, "default-src 'none'"),
      referrerPolicy: fc.constantFrom(false as const, "no-referrer" as const),
      override: fc.boolean(),
      remove: fc.constantFrom([], ["server"]),
    });
    fc.assert(
      fc.property(fc.dictionary(name, value), config, fc.boolean(), (sent, config, isSecure) => {
        const once = become(config as Partial<Config>, sent, isSecure);
        const twice = become(config as Partial<Config>, once, isSecure);
        return JSON.stringify(once) === JSON.stringify(twice) && once["x-other"] === sent["x-other"];
      }),
      { numRuns: 3000 },
    );
  },
);
