/** A fault of a policy is counted, takes back a reload, and is what `onFailure: open` passes over: no client may cause one. */
import fc from "fast-check";
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { testGateway } from "../../core/testing/index.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

const key = "0".repeat(64);
const secret = "0123456789abcdef0123456789abcdef";
const rsa = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };

const openapi = {
  openapi: "3.1.0",
  paths: {
    "/a/{id}": {
      parameters: [
        { name: "id", in: "path", required: true, schema: { type: "integer" } },
        { name: "q", in: "query", schema: { type: "array", items: { type: "string", format: "uri" } } },
        {
          name: "o",
          in: "query",
          style: "deepObject",
          schema: { type: "object", properties: { a: { type: "number" } } },
        },
        { name: "j", in: "query", content: { "application/json": { schema: { type: "object" } } } },
        { name: "x-a", in: "header", schema: { type: "string", format: "date-time", pattern: "^[a-z]*$" } },
        { name: "c", in: "cookie", schema: { type: "boolean" } },
      ],
      get: {
        responses: {
          default: {
            description: "",
            content: {
              "application/json": {
                schema: { type: "object", properties: { a: { type: "string", format: "email" } } },
              },
            },
          },
        },
      },
      post: {
        requestBody: {
          content: {
            "application/json": {
              schema: { type: "object", properties: { a: { type: "string", format: "regex" } } },
            },
            "*/*": {},
          },
        },
        responses: { "2XX": { description: "" } },
      },
    },
  },
};

/** Each as much of a policy as a client can reach. */
const policies: readonly (readonly [name: string, config: object])[] = [
  [
    "access",
    {
      deny: [
        { expression: 'request.path.matches("^/x") || request.headers["x-a"] == "1"' },
        { userAgents: ["bot"] },
      ],
      body: { maxSize: 500, json: { maxDepth: 4 } },
    },
  ],
  [
    "api-version",
    {
      from: { path: "/v{version}", header: "x-a", query: "q", accept: "version", vendor: "acme" },
      default: "2",
      versions: { "1": { deprecated: "2026-01-01", sunset: "2027-01-01" }, "2": {} },
    },
  ],
  [
    "auth",
    {
      require: "none",
      strategies: [
        { type: "api-key", header: "", cookie: "c", keys: [{ key, subject: "a" }] },
        {
          type: "basic",
          users: [
            {
              user: "u",
              password: "pbkdf2:sha256:10000:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            },
          ],
          attempts: 0,
        },
        { type: "jwt", issuer: "i", audience: "a", keys: [{ jwk: rsa }], algorithms: ["EdDSA"] },
      ],
    },
  ],
  [
    "auth",
    {
      require: "none",
      strategies: [{ type: "signature", keys: [{ keyid: "k", alg: "hmac-sha256", secret }] }],
    },
  ],
  ["auth", { require: "none", strategies: [{ type: "webhook", sender: "stripe", secrets: [secret] }] }],
  ["body-limit", { maxSize: 300, rules: [{ contentTypes: ["application/json"], maxSize: 200 }] }],
  ["breaker", { minimumCalls: 1000, fallback: { stale: { every: 0.001 } } }],
  [
    "cache",
    { keyHeaders: ["x-a"], keyCookies: ["c"], ignoreQuery: ["q*"], sortQuery: true, staleIfError: 60 },
  ],
  ["compress", { minSize: 1 }],
  ["cors", { origins: ["https://*.a.test"] }],
  ["csrf", { origins: [], tokens: { secrets: [secret], session: { cookie: "c" } } }],
  ["decompress", { responses: "decode" }],
  ["mock", { openapi }],
  [
    "rate-limit",
    {
      limits: [
        { limit: 1e6, key: ["header:x-a", "host", "address"] },
        { limit: 1e6, name: "e", key: { expression: 'request.path + request.headers["x-a"]' } },
      ],
    },
  ],
  ["request-id", { trust: ["0.0.0.0/0", "::/0"] }],
  ["security-headers", {}],
  [
    "transform",
    {
      request: [
        {
          when: { path: "/a/{id}" },
          path: "/b/{path.id}",
          headers: { set: { "x-b": 'a="{header.x-a}", b={cookie.c|0}' } },
          cookies: { set: { d: "{query.q}" } },
          query: { rename: { q: "r" } },
          json: [{ op: "mask", path: "/**/a" }],
        },
      ],
      response: [
        {
          json: [{ op: "jsonata", expression: "{'x': a, 'y': $source('header.x-a')}" }],
          headers: { set: { "x-c": "{request-header.x-a}" } },
        },
      ],
    },
  ],
  [
    "transform",
    {
      request: [{ convert: { to: "xml", root: "r" } }],
      response: [{ convert: { to: "json" }, texts: [{ find: "secret" }] }],
    },
  ],
  ["validate", { openapi, responses: true }],
];

const blanks = ["", " ", "\t", "\xa0", "\x80", "\xff", "é"];
const marks = [
  ",",
  ";",
  "=",
  '"',
  "'",
  "\\",
  "%",
  "%zz",
  "%00",
  "/",
  "//",
  "\\\\",
  ":",
  "*",
  "(",
  ")",
  "{",
  "}",
  "[",
  "]",
  "<",
  "&",
  "|",
  "$1",
  "__proto__",
  "constructor",
  "-1",
  "0",
  "1e999",
  "99999999999999999999",
  "NaN",
];
const hostile = fc.oneof(
  fc
    .array(fc.constantFrom(...blanks, ...marks, "a", "b", "https", "utf-8", "charset"), { maxLength: 8 })
    .map((parts) => parts.join("")),
  fc.constantFrom("x".repeat(3000), "a,".repeat(500), '"'.repeat(301), "\\".repeat(300), "%41".repeat(300)),
);
const fields: Readonly<Record<string, fc.Arbitrary<string>>> = {
  accept: fc.constantFrom(
    "*/*",
    "text/html;q=2",
    "application/vnd.acme.v2+json;version=9",
    "a;b;c",
    ";q=,,",
    "application/json;q=0.0000",
  ),
  "accept-encoding": fc.constantFrom("gzip;q=1e9", "*;q=0", "br, zstd;q=x", ",", "identity;q=0, *;q=0"),
  authorization: fc.oneof(
    fc.constantFrom(
      "Basic",
      "Basic ====",
      "basic  gICA",
      "Bearer",
      "Bearer a.b.c",
      "Bearer eyJhbGciOiJFZERTQSJ9.e30.AAAA",
      "Basic dTp4",
      "Basic Og==",
    ),
    hostile,
  ),
  "cache-control": fc.oneof(
    fc.constantFrom(
      "max-age=",
      "max-stale",
      'no-cache="a',
      "max-age=1e9",
      "only-if-cached",
      "min-fresh=-1",
      "no-transform",
    ),
    hostile,
  ),
  "content-encoding": fc.constantFrom("gzip", "identity", ", ,", "zstd, zstd", "x-gzip", "br", "\xa0"),
  "content-type": fc.oneof(
    fc.constantFrom(
      "application/json",
      "application/json; charset=utf-16",
      "text/xml",
      "text/event-stream",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
      "/",
      "a/b, application/json",
      "application/x-ndjson",
    ),
    hostile,
  ),
  cookie: fc.oneof(fc.constantFrom("c=1", "c", "=", ";;;", "c=1; c=2", "__Host-csrf=x; c=y", 'c="'), hostile),
  host: fc.constantFrom("a.test", "A.test:80", "[::1]", "a.test:65535"),
  "if-modified-since": hostile,
  "if-none-match": fc.oneof(fc.constantFrom("*", 'W/"', '"a", "b', '"'), hostile),
  "if-range": hostile,
  origin: fc.oneof(
    fc.constantFrom("null", "https://x.a.test", "https://a.test:99999", "://", "https://[::"),
    hostile,
  ),
  "access-control-request-method": hostile,
  "access-control-request-headers": hostile,
  prefer: fc.oneof(
    fc.constantFrom(
      "code=204",
      "code=205",
      "code=304",
      "code=100",
      'example="',
      "dynamic=true",
      "code=599, dynamic=true",
    ),
    hostile,
  ),
  range: fc.constantFrom(
    "bytes=0-",
    "bytes=-0",
    "bytes=9-1",
    "bytes=0-0,1-1",
    "bytes=99999999999999999999-",
    "x",
  ),
  "sec-fetch-site": hostile,
  signature: fc.constantFrom("a=:AAAA:", "a=:A:", "a=1", "a", "a=:"),
  "signature-input": fc.constantFrom(
    'a=("@method");keyid="k";created=1',
    'a=("@query-param";name="%");keyid="k"',
    "a=()",
    'a=("x-a";key=1;sf;bs)',
    "a=(",
  ),
  "stripe-signature": fc.constantFrom("t=1,v1=00", "t=9999999999999", `t=1,v1=${"0".repeat(64)}`, ",,,"),
  traceparent: hostile,
  "user-agent": hostile,
  "x-a": hostile,
  "x-csrf-token": hostile,
  "x-request-id": hostile,
  "x-forwarded-host": hostile,
};
const headers = fc.record(fields, { requiredKeys: [] });
const path = fc.oneof(
  fc.constant("/a/1"),
  fc.constantFrom(
    "/",
    "/a/1",
    "/a/x",
    "/a/%31",
    "/v1",
    "/v2/a",
    "/v9",
    "//a",
    "/a/1;x=y",
    "/a/%2F",
    "/%20",
    "/a/%F0%9F%98%80",
    "/a/%ff",
  ),
  fc
    .array(fc.constantFrom("a", "/", "%2f", "%25", "~", ";", "..", "%e0"), { maxLength: 6 })
    .map((parts) => `/${parts.join("")}`),
);
const query = fc
  .array(
    fc.constantFrom(
      "q",
      "=",
      "&",
      "%",
      "%zz",
      "%ff",
      "+",
      "o[a]",
      "[",
      "]",
      "j=",
      "{}",
      "__proto__",
      ";",
      "#x",
      "?",
      "1e999",
    ),
    { maxLength: 8 },
  )
  .map((parts) => (parts.length === 0 ? "" : `?${parts.join("")}`));
const body = fc.oneof(
  fc.constantFrom(
    "",
    "{}",
    '{"a":1}',
    '{"a":"(","a":"["}',
    "[[[[[[]]]]]]",
    '{"a":"\\ud800"}',
    "<a><b/></a>",
    "<a b='<!--'>",
    "csrf_token=%ff&csrf_token",
    '"',
    "\ufeff{}",
    'data: {"a":1}\n\n',
    '{"__proto__":{"a":1}}',
    "1e999",
    `{"a":"${"x".repeat(400)}"}`,
    "\x1f\x8b\x08",
  ),
  fc.string({ maxLength: 40 }),
);
const sent = fc.record({
  path,
  query,
  headers,
  body,
  method: fc.constantFrom(
    "GET",
    "GET",
    "GET",
    "HEAD",
    "POST",
    "POST",
    "PUT",
    "OPTIONS",
    "DELETE",
    "PURGE",
    "get",
  ),
});
const answered = fc.record({
  status: fc.constantFrom(200, 200, 200, 201, 206, 404, 416, 500, 503),
  body,
  headers: fc.record(
    {
      "cache-control": fields["cache-control"]!,
      "content-type": fields["content-type"]!,
      etag: fields["if-none-match"]!,
      vary: fc.oneof(fc.constantFrom("*", "x-a", "Accept Encoding", ",", "cookie, host"), hostile),
      age: hostile,
      date: hostile,
      expires: hostile,
      "last-modified": hostile,
      "cache-tag": hostile,
      location: hostile,
      "content-location": hostile,
      "access-control-allow-origin": hostile,
      "content-range": hostile,
      "set-cookie": hostile,
      "x-request-id": hostile,
    },
    { requiredKeys: [] },
  ),
});

for (const [index, [name, config]] of policies.entries()) {
  t.test(
    `${name} (${index}): whatever a client sends and a service answers, the policy does not fail`,
    async (t) => {
      let answer = (): Response => new Response("");
      let answers = 0;
      await using gateway = await testGateway({ plugins: [[name, config]], upstream: () => answer() });
      await fc.assert(
        fc.asyncProperty(sent, answered, async ({ path, query, headers, body, method }, response) => {
          answer = () =>
            new Response(response.body, {
              status: response.status,
              headers: cleaned(response.headers),
            });
          const hasBody = method !== "GET" && method !== "HEAD" && method !== "get";
          try {
            const init = {
              method,
              headers: cleaned(headers),
              redirect: "manual",
              ...(hasBody && { body }),
            } as const;
            await (await gateway.fetch(`${path}${query}`, init)).text();
            answers++;
          } catch {
            // What no client can be made to send, or a body that breaks off.
          }
          const faults = gateway.faults.map(({ message }) => message);
          if (faults.length > 0) throw new Error(faults.join("; "));
        }),
        { numRuns: 100 },
      );
      t.ok(answers > 50, `${answers} of 100 were answered`);
    },
  );
}

/** As a message carries them. */
function cleaned(fields: Readonly<Record<string, string | undefined>>): [string, string][] {
  return Object.entries(fields).flatMap(([field, value]) =>
    value === undefined
      ? []
      : [[field, value.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "").trim()] as [string, string]],
  );
}
