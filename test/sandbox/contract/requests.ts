import type { ExchangeCheck } from "./check.ts";

/** Fields that frame a message or that the proxy writes itself. */
const owned =
  `Connection Content-Length Expect Forwarded Host HTTP2-Settings Keep-Alive Proxy Proxy-Authorization
  Proxy-Connection TE Trailer Transfer-Encoding Upgrade Via X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto
  X-Request-Id Content_Length Transfer_Encoding X_Forwarded_For`.split(/\s+/);

/** A handler that tells what a statement threw. */
const telling = (statement: string) =>
  `onRequest(request) { try { ${statement}; } catch (error) { return new Response(error.name); } return new Response("nothing thrown"); }`;

const edits: readonly ExchangeCheck[] = [
  {
    title: "A handler that does nothing changes nothing",
    plugin: "onRequest() {}",
    send: { target: "/a?b=1", fields: ["X-A: 1", "x-a: 2"] },
    gets: { status: 200, body: "upstream" },
    passes: { startLine: "GET /a?b=1 HTTP/1.1", fields: { "x-a": "1, 2", host: "a.test" } },
  },
  {
    title: "An asynchronous handler that does nothing changes nothing",
    plugin: "async onRequest() { await null; }",
    gets: { body: "upstream" },
    passes: { startLine: "GET / HTTP/1.1" },
  },
  {
    title: "A handler that returns null changes nothing",
    plugin: "onRequest() { return null; }",
    gets: { body: "upstream" },
  },
  {
    title: "A handler reads fields in any case",
    plugin:
      'onRequest(request) { return new Response(request.headers.get("x-Case") + request.headers.has("NO")); }',
    send: { fields: ["X-CASE: Value "] },
    gets: { body: "Valuefalse" },
  },
  {
    title: "Several fields of a name are joined",
    plugin: 'onRequest(request) { return new Response(request.headers.get("x-a")); }',
    send: { fields: ["X-A: 1", "X-B: 0", "x-a: 2"] },
    gets: { body: "1, 2" },
  },
  {
    title: "A handler goes through all fields",
    plugin:
      'onRequest(request) { return Response.json([...request.headers].filter(([name]) => name.startsWith("x-t"))); }',
    send: { fields: ["X-Tb: 2", "X-Ta: 1", "X-Tb: 3"] },
    gets: {
      json: [
        ["x-ta", "1"],
        ["x-tb", "2, 3"],
      ],
    },
  },
  {
    title: "A handler reads the authority as host",
    plugin: 'onRequest(request) { return new Response(request.headers.get("host")); }',
    gets: { body: "a.test" },
  },
  {
    title: "set replaces every field of the name",
    plugin: 'onRequest(request) { request.headers.set("X-A", "new"); }',
    send: { fields: ["X-A: 1", "x-a: 2"] },
    passes: { fields: { "x-a": "new" } },
  },
  {
    title: "append keeps what was there",
    plugin: 'onRequest(request) { request.headers.append("x-a", "2"); }',
    send: { fields: ["X-A: 1"] },
    passes: { fields: { "x-a": "1, 2" } },
  },
  {
    title: "delete removes every field of the name",
    plugin: 'onRequest(request) { request.headers.delete("X-A"); }',
    send: { fields: ["X-A: 1", "x-a: 2", "X-B: 3"] },
    passes: { fields: { "x-a": null, "x-b": "3" } },
  },
  {
    title: "Edits after an await count",
    plugin:
      'async onRequest(request) { await new Promise((resolve) => setTimeout(resolve, 5)); request.headers.set("x-a", "late"); }',
    passes: { fields: { "x-a": "late" } },
  },
  {
    title: "What was set is read again, what was deleted is not",
    plugin:
      'onRequest(request) { const h = request.headers; h.set("a", "1"); h.append("a", "2"); const both = h.get("a"); h.delete("a"); h.set("b", "3"); h.set("b", "4"); return new Response([both, h.get("a"), h.get("b")].join()); }',
    gets: { body: "1, 2,,4" },
  },
  {
    title: "Field values are bytes in latin1 both ways",
    plugin: 'onRequest(request) { request.headers.set("x-b", request.headers.get("x-a") + "\\u00fc"); }',
    send: { fields: ["X-A: \u00e9"] },
    passes: { fields: { "x-a": "\u00e9", "x-b": "\u00e9\u00fc" } },
  },
  {
    title: "Fields that the Connection field names do not pass, whatever a handler does",
    plugin: "onRequest() {}",
    send: { fields: ["Connection: x-hop", "X-Hop: 1"] },
    passes: { fields: { "x-hop": null, connection: null } },
  },
  {
    title: "A handler does not see fields of one connection",
    plugin:
      'onRequest(request) { return Response.json(["connection", "x-hop", "transfer-encoding"].map((name) => request.headers.get(name))); }',
    send: { fields: ["Connection: x-hop", "X-Hop: 1"] },
    gets: { json: [null, null, null] },
  },
  {
    title: "A hundred fields can be set",
    plugin: 'onRequest(request) { for (let i = 0; i < 100; i++) request.headers.set("x-" + i, String(i)); }',
    passes: { fields: { "x-0": "0", "x-99": "99" } },
  },
];

const refusals: readonly ExchangeCheck[] = [
  ...owned.map(
    (name): ExchangeCheck => ({
      title: `Setting ${name} throws a TypeError`,
      plugin: telling(`request.headers.set("${name}", "1")`),
      gets: { body: "TypeError" },
    }),
  ),
  ...["append", "delete"].map(
    (method): ExchangeCheck => ({
      title: `headers.${method} of Content-Length throws a TypeError`,
      plugin: telling(`request.headers.${method}("content-length", "1")`),
      gets: { body: "TypeError" },
    }),
  ),
  ...[
    ["CR", "\\r"],
    ["LF", "\\n"],
    ["NUL", "\\0"],
    ["DEL", "\\x7f"],
    ["an escape", "\\x1b"],
    ["a character beyond latin1", "\\u0100"],
  ].map(
    ([name, text]): ExchangeCheck => ({
      title: `A field value with ${name} throws a TypeError`,
      plugin: telling(`request.headers.set("x-a", "a${text}b")`),
      gets: { body: "TypeError" },
    }),
  ),
  ...["", "a b", "a:", "\\u00e9", "a\\r\\nb"].map(
    (name): ExchangeCheck => ({
      title: `The field name "${name}" throws a TypeError`,
      plugin: telling(`request.headers.set("${name}", "1")`),
      gets: { body: "TypeError" },
    }),
  ),
  {
    title: "More fields than 32 KiB are a fault",
    plugin: 'onRequest(request) { request.headers.set("x-a", "a".repeat(40000)); }',
    gets: { status: 500 },
    passes: null,
  },
];

const targets: readonly ExchangeCheck[] = [
  {
    title: "method and url are as the client asked",
    plugin: "onRequest(request) { return new Response(request.method + request.url); }",
    send: { method: "PUT", target: "/a/../b%2Fc?x=%41", body: "" },
    gets: { body: "PUThttp://a.test/b%2Fc?x=%41" },
  },
  {
    title: "Dot segments are resolved before a handler sees the path",
    plugin: "onRequest(request) { return new Response(new URL(request.url).pathname); }",
    send: { target: "/a/%2e%2e/%61dmin" },
    gets: { body: "/admin" },
  },
  {
    title: "The method can be changed",
    plugin: 'onRequest(request) { request.method = "PATCH"; }',
    send: { method: "POST", body: "x" },
    passes: { startLine: "PATCH / HTTP/1.1", body: "x" },
  },
  ...["", "A B", "CONNECT", "TRACE", "HEAD", "a\\r\\nb"].map(
    (method): ExchangeCheck => ({
      title: `The method "${method}" is a fault`,
      plugin: `onRequest(request) { request.method = "${method}"; }`,
      gets: { status: 500 },
      passes: null,
    }),
  ),
  {
    title: "The path can be changed by a path",
    plugin: 'onRequest(request) { request.url = "/x/y?z=1"; }',
    send: { target: "/a" },
    passes: { startLine: "GET /x/y?z=1 HTTP/1.1", fields: { host: "a.test" } },
  },
  {
    title: "The url can be changed by a URL, and its authority goes into Host",
    plugin: 'onRequest(request) { request.url = new URL("http://b.test:81/p"); }',
    passes: { startLine: "GET /p HTTP/1.1", fields: { host: "b.test:81" } },
  },
  {
    title: "A changed url is read again",
    plugin:
      'onRequest(request) { request.url = "/x"; request.method = "POST"; return new Response(request.method + request.url); }',
    gets: { body: "POSThttp://a.test/x" },
  },
  {
    title: "A changed url is absolute and resolved when it is read again",
    plugin: `onRequest(request) {
      const seen = ["/b?c=%2f", "/a/.././%41%2f?d/../e", "HTTPS://B.test:81", "http://b.test/x#y", "/c"].map((url) => {
        request.url = url;
        return request.url;
      });
      return Response.json([...seen, new URL(request.url).pathname]);
    }`,
    gets: {
      json: [
        "http://a.test/b?c=%2f",
        "http://a.test/A%2F?d/../e",
        "http://b.test:81/",
        "http://b.test/x",
        "http://a.test/c",
        "/c",
      ],
    },
  },
  {
    title: "A url that cannot be is a TypeError where it is assigned, and changes nothing",
    plugin: `onRequest(request) {
      const seen = ["b", "", "/\u00fc", "/a b", "/%zz", "/../a", "ftp://h.test/", "http://a@b/"].map((url) => {
        try { request.url = url; return "assigned"; } catch (error) { return error instanceof TypeError; }
      });
      return Response.json([...seen, request.url]);
    }`,
    gets: { json: [true, true, true, true, true, true, true, true, "http://a.test/"] },
  },
  {
    title: "The url of an attempt is absolute when it is read again",
    plugin: `onUpstream(attempt) { attempt.url = "/b/../c"; attempt.headers.set("x-url", attempt.url); }`,
    passes: { startLine: "GET /c HTTP/1.1", fields: { "x-url": "http://a.test/c" } },
  },
  ...[
    "",
    "x",
    "//h.test/",
    "ftp://h.test/",
    "/a b",
    "/a\\u00e9",
    "/\\r\\nX: 1",
    "http://",
    "http://a@b/",
    "*",
  ].map(
    (url): ExchangeCheck => ({
      title: `The url "${url}" is a fault, or a path that is safe`,
      plugin: `onRequest(request) { request.url = "${url}"; }`,
      gets: url === "//h.test/" ? { status: 200 } : { status: 500 },
      passes: url === "//h.test/" ? { startLine: /^GET \/\/?h\.test\/ HTTP\/1\.1$/ } : null,
    }),
  ),
  {
    title: "The next plugin sees the method and the url that the one before assigned",
    plugin: {
      "a.ts": 'onRequest(request) { request.method = "PUT"; request.url = "/admin?a=1"; }',
      "b.ts": "onRequest(request) { return new Response(request.method + request.url); }",
    },
    send: { target: "/public" },
    gets: { body: "PUThttp://a.test/admin?a=1" },
  },
  {
    title: "The next plugin sees the authority that the one before assigned",
    plugin: {
      "a.ts": 'onRequest(request) { request.url = "http://b.test/x"; }',
      "b.ts": 'onRequest(request) { return new Response(request.url + request.headers.get("host")); }',
    },
    gets: { body: "http://b.test/xb.test" },
  },
  {
    title: "The next plugin sees the fields that the one before set",
    plugin: {
      "a.ts": 'onRequest(request) { request.headers.set("x-a", "1"); request.headers.delete("x-b"); }',
      "b.ts":
        'onRequest(request) { return Response.json([request.headers.get("x-a"), request.headers.get("x-b")]); }',
    },
    send: { fields: ["X-B: 2"] },
    gets: { json: ["1", null] },
  },
  {
    title: "Dot segments in a changed url are resolved",
    plugin: 'onRequest(request) { request.url = "/a/../b"; }',
    passes: { startLine: "GET /b HTTP/1.1" },
  },
  {
    title: "The fragment of a changed url is dropped",
    plugin: 'onRequest(request) { request.url = "/a#frag"; }',
    passes: { startLine: "GET /a HTTP/1.1" },
  },
];

export const requestChecks: readonly ExchangeCheck[] = [...edits, ...refusals, ...targets];
