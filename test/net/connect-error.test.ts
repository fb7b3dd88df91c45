import t from "tap";
import { type ErrorCode, ProxyError } from "../../core/errors.ts";
import { toConnectError } from "../../core/net/connect-error.ts";

const cases: readonly [code: string, expected: ErrorCode][] = [
  ["ECONNREFUSED", "connect_refused"],
  ["ENOTFOUND", "name_unresolved"],
  ["EAI_AGAIN", "name_unresolved"],
  ["EAI_NODATA", "name_unresolved"],
  ["ETIMEDOUT", "connect_timeout"],
  ["EHOSTUNREACH", "connect_failed"],
  ["ENETUNREACH", "connect_failed"],
  ["ENOENT", "connect_failed"],
  ["ESOMETHING", "connect_failed"],
  ["ECONNRESET", "upstream_closed"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "tls_certificate"],
  ["CERT_HAS_EXPIRED", "tls_certificate"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "tls_certificate"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "tls_failed"],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "tls_failed"],
  ["EPROTO", "tls_failed"],
];

for (const [code, expected] of cases) {
  t.test(`${code} is ${expected}`, async (t) => {
    const cause = Object.assign(new Error("what the system says\nand where"), { code });
    const error = toConnectError(cause, "api:443");
    t.equal(error.code, expected);
    t.equal(error.source, "upstream");
    t.equal(error.retry, "safe");
    t.equal(error.cause, cause);
    t.match(error.message, /^Cannot connect to api:443: \S[^\n]*$/);
  });
}

t.test("of the errors of several addresses the first counts", async (t) => {
  const errors = ["ECONNREFUSED", "ETIMEDOUT"].map((code) => Object.assign(new Error(code), { code }));
  t.equal(toConnectError(new AggregateError(errors), "api:80").code, "connect_refused");
});

t.test("a ProxyError stays what it is", async (t) => {
  const error = new ProxyError("connect_timeout", "Cannot connect", { source: "upstream" });
  t.equal(toConnectError(error, "api:80"), error);
});

t.test("what is no error is still a ProxyError", async (t) => {
  t.equal(toConnectError(undefined, "api:80").code, "connect_failed");
});
