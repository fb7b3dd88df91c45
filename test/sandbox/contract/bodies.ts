import type { ExchangeCheck } from "./check.ts";

const post = (body: string, ...fields: string[]) => ({ method: "POST", body, fields });
const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n";
const plain = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde";

const wholeRequests: readonly ExchangeCheck[] = [
  {
    title: "A request body is read as text, and goes on",
    plugin: 'async onRequest(request) { request.headers.set("x-text", await request.text()); }',
    send: post("hello"),
    passes: { body: "hello", fields: { "x-text": "hello", "content-length": "5" } },
  },
  {
    title: "A request body is read as JSON",
    plugin: 'async onRequest(request) { request.headers.set("x-n", String((await request.json()).n)); }',
    send: post('{"n":7}'),
    passes: { body: '{"n":7}', fields: { "x-n": "7" } },
  },
  {
    title: "A request body is read as bytes and as a buffer",
    plugin: {
      "a.ts": 'async onRequest(r) { r.headers.set("x-a", [...await r.bytes()].join()); }',
      "b.ts": 'async onRequest(r) { r.headers.set("x-b", String((await r.arrayBuffer()).byteLength)); }',
    },
    send: post("\x00\xff"),
    passes: { fields: { "x-a": "0,255", "x-b": "2" } },
  },
  {
    title: "A request body of chunks is read as a whole",
    plugin: 'async onRequest(request) { request.headers.set("x-text", await request.text()); }',
    send: { method: "POST", chunks: ["one ", "two ", "three"] },
    passes: { body: "one two three", fields: { "x-text": "one two three" } },
  },
  {
    title: "A request without a body reads as empty",
    plugin:
      'async onRequest(request) { request.headers.set("x-length", String((await request.text()).length)); }',
    passes: { fields: { "x-length": "0" } },
  },
  {
    title: "A request body is read once: the second read rejects with a TypeError",
    plugin:
      "async onRequest(request) { await request.text(); return new Response(await request.json().catch((e) => e.name) + request.bodyUsed); }",
    send: post("{}"),
    gets: { body: "TypeErrortrue" },
  },
  {
    title: "Each plugin reads the body by itself",
    plugin: {
      "a.ts": 'async onRequest(r) { r.headers.set("x-a", await r.text()); }',
      "b.ts": 'async onRequest(r) { r.headers.set("x-b", await r.text()); }',
    },
    send: post("twice"),
    passes: { body: "twice", fields: { "x-a": "twice", "x-b": "twice" } },
  },
  {
    title: "JSON that is none rejects with a SyntaxError",
    plugin: "async onRequest(request) { return new Response(await request.json().catch((e) => e.name)); }",
    send: post("{"),
    gets: { body: "SyntaxError" },
  },
  {
    title: "Malformed UTF-8 in a request body becomes replacement characters",
    plugin: "async onRequest(r) { return new Response(String((await r.text()).charCodeAt(0))); }",
    send: { method: "POST", chunks: ["\xff"] },
    gets: { body: "65533" },
  },
  {
    title: "setBody with a text replaces the request body and its length",
    plugin: 'onRequest(request) { request.setBody("é"); }',
    send: post("longer than that"),
    passes: { body: "\xc3\xa9", fields: { "content-length": "2" } },
  },
  {
    title: "setBody with bytes replaces the request body",
    plugin: "onRequest(request) { request.setBody(new Uint8Array([1, 2])); }",
    send: post("longer than that"),
    passes: { body: "\x01\x02", fields: { "content-length": "2" } },
  },
  {
    title: "setBody after a read replaces the request body",
    plugin:
      "async onRequest(request) { const n = await request.json(); request.setBody(JSON.stringify({ ...n, b: 2 })); }",
    send: post('{"a":1}'),
    passes: { body: '{"a":1,"b":2}' },
  },
  {
    title: "setBody with nothing sends an empty body",
    plugin: 'onRequest(request) { request.setBody(""); }',
    send: post("gone"),
    passes: { body: "", fields: { "content-length": "0" } },
  },
  {
    title: "setBody of a chunked request has a length",
    plugin: 'onRequest(request) { request.setBody("short"); }',
    send: { method: "POST", chunks: ["a", "b"] },
    passes: { body: "short", fields: { "content-length": "5", "transfer-encoding": null } },
  },
  {
    title: "The next plugin reads what setBody put there",
    plugin: {
      "a.ts": 'onRequest(request) { request.setBody("from a"); }',
      "b.ts": 'async onRequest(request) { request.headers.set("x-b", await request.text()); }',
    },
    send: post("original"),
    passes: { body: "from a", fields: { "x-b": "from a" } },
  },
  {
    title: "setBody gives a body to a request that has none",
    plugin: 'onRequest(request) { request.method = "POST"; request.setBody("new"); }',
    passes: { startLine: "POST / HTTP/1.1", body: "new", fields: { "content-length": "3" } },
  },
  {
    title: "A reply after the body was read is sent",
    plugin: "async onRequest(request) { return new Response((await request.text()).toUpperCase()); }",
    send: post("echo"),
    gets: { body: "ECHO" },
    passes: null,
  },
  {
    title: "A reply that does not wait for the body is sent",
    plugin: 'onRequest() { return new Response("no", { status: 403 }); }',
    send: post("unread"),
    gets: { status: 403, body: "no" },
    passes: null,
  },
  {
    title: "A request body beyond the plugin's limit is 413",
    plugin: "limits: { body: 4 }, async onRequest(request) { await request.text(); }",
    send: post("12345"),
    gets: { status: 413 },
    passes: null,
  },
  {
    title: "A chunked request body beyond the plugin's limit is 413",
    plugin: "limits: { body: 4 }, async onRequest(request) { await request.text(); }",
    send: { method: "POST", chunks: ["123", "45"] },
    gets: { status: 413 },
    passes: null,
  },
  {
    title: "A request body of exactly the limit is read",
    plugin:
      'limits: { body: 4 }, async onRequest(request) { request.headers.set("x-a", await request.text()); }',
    send: post("1234"),
    passes: { fields: { "x-a": "1234" } },
  },
];

const wholeResponses: readonly ExchangeCheck[] = [
  {
    title: "A response body is read as text, and goes on",
    plugin: 'async onResponse(response) { response.headers.set("x-text", await response.text()); }',
    answer: plain,
    gets: { body: "abcde", fields: { "x-text": "abcde" } },
  },
  {
    title: "A chunked response body is read as a whole",
    plugin: 'async onResponse(response) { response.headers.set("x-text", await response.text()); }',
    answer: chunked,
    gets: { body: "abcde", fields: { "x-text": "abcde" } },
  },
  {
    title: "A response body is read as JSON and replaced",
    plugin:
      "async onResponse(response) { const { internal, ...shown } = await response.json(); response.setBody(JSON.stringify(shown)); }",
    answer: 'HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{"a":1,"internal":true}'.replace("22", "23"),
    gets: { json: { a: 1 }, fields: { "content-length": "7" } },
  },
  {
    title: "A response body is read once",
    plugin:
      'async onResponse(response) { await response.bytes(); response.headers.set("x-threw", await response.text().catch((e) => e.name)); }',
    answer: plain,
    gets: { body: "abcde", fields: { "x-threw": "TypeError" } },
  },
  {
    title: "setBody with bytes replaces the response body",
    plugin: "onResponse(response) { response.setBody(new Uint8Array([9])); }",
    answer: chunked,
    gets: { body: "\t", fields: { "content-length": "1", "transfer-encoding": null } },
  },
  {
    title: "setBody with a text replaces the response body",
    plugin: 'onResponse(response) { response.setBody("€"); }',
    answer: plain,
    gets: { body: "\xe2\x82\xac", fields: { "content-length": "3" } },
  },
  {
    title: "The next plugin reads what setBody put into the response",
    plugin: {
      "a.ts": 'async onResponse(r) { r.headers.set("x-a", await r.text()); }',
      "b.ts": 'onResponse(r) { r.setBody("from b"); }',
    },
    answer: plain,
    gets: { body: "from b", fields: { "x-a": "from b" } },
  },
  {
    title: "A plugin before reads the body of a local reply",
    plugin: {
      "a.ts": 'onRequest() {}, async onResponse(r) { r.headers.set("x-a", await r.text()); }',
      "b.ts": 'onRequest() { return new Response("local"); }',
    },
    gets: { body: "local", fields: { "x-a": "local" } },
  },
  {
    title: "A response body beyond the plugin's limit is 502",
    plugin: "limits: { body: 4 }, async onResponse(response) { await response.text(); }",
    answer: plain,
    gets: { status: 502, body: /response_too_large/ },
  },
  {
    title: "A chunked response body beyond the plugin's limit is 502",
    plugin: "limits: { body: 4 }, async onResponse(response) { await response.text(); }",
    answer: chunked,
    gets: { status: 502, body: /response_too_large/ },
  },
  {
    title: "A response without a body reads as empty",
    plugin:
      'async onResponse(response) { response.headers.set("x-n", String((await response.bytes()).length)); }',
    answer: "HTTP/1.1 204 No Content\r\n\r\n",
    gets: { status: 204, fields: { "x-n": "0" } },
  },
];

const parts: readonly ExchangeCheck[] = [
  {
    title: "Parts of a request body pass a handler that returns nothing",
    plugin: "onRequestBody() {}",
    send: post("as it was"),
    passes: { body: "as it was" },
  },
  {
    title: "Parts of a request body are replaced by texts",
    plugin:
      "onRequestBody(chunk, ctx) { if (!ctx.last) return new TextDecoder().decode(chunk).toUpperCase(); }",
    send: { method: "POST", chunks: ["ab", "cd"] },
    passes: { body: "ABCD" },
  },
  {
    title: "Parts of a request body are replaced by bytes",
    plugin: "onRequestBody(chunk, ctx) { return chunk.map((byte) => byte + 1); }",
    send: post("HAL"),
    passes: { body: "IBM" },
  },
  {
    title: "Parts of a request body are dropped by null",
    plugin: "onRequestBody() { return null; }",
    send: post("gone"),
    passes: { body: "" },
  },
  {
    title: "ctx.last comes once, with an empty chunk, and may add to the request body",
    plugin: 'onRequestBody(chunk, ctx) { if (ctx.last) return "[" + chunk.length + "]"; }',
    send: { method: "POST", chunks: ["a", "b", "c"] },
    passes: { body: "abc[0]" },
  },
  {
    title: "ctx.end ends the request body behind the part",
    plugin: 'onRequestBody(chunk, ctx) { if (!ctx.last) { ctx.end(); return "END"; } }',
    send: { method: "POST", chunks: ["first", "second", "third"] },
    passes: { body: "END" },
  },
  {
    title: "An asynchronous request body handler keeps the order",
    plugin:
      "async onRequestBody(chunk, ctx) { ctx.state.n = (ctx.state.n ?? 0) + 1; await new Promise((r) => setTimeout(r, 12 - ctx.state.n * 3)); return new TextDecoder().decode(chunk) + ctx.state.n; }",
    send: { method: "POST", chunks: ["a", "b"] },
    passes: { body: "a1b23" },
  },
  {
    title: "Several plugins see the parts of a request body in their order",
    plugin: {
      "a.ts": 'onRequestBody(chunk, ctx) { return ctx.last ? "." : new TextDecoder().decode(chunk) + "a"; }',
      "b.ts": 'onRequestBody(chunk, ctx) { return ctx.last ? "!" : new TextDecoder().decode(chunk) + "b"; }',
    },
    send: { method: "POST", chunks: ["x"] },
    passes: { body: "xab.b!" },
  },
  {
    title: "A request without a body has no parts",
    plugin: 'onRequestBody() { return "surprise"; }',
    passes: { body: "", fields: { "transfer-encoding": null } },
  },
  {
    title: "A part of another kind is a fault",
    plugin: "onRequestBody() { return 42; }",
    send: post("x"),
    gets: { status: 500 },
  },
  {
    title: "setBody and a body handler: the handler sees what setBody put there",
    plugin:
      'onRequest(request) { request.setBody("put"); }, onRequestBody(chunk, ctx) { if (!ctx.last) return new TextDecoder().decode(chunk) + "!"; }',
    send: post("original"),
    passes: { body: "put!" },
  },
  {
    title: "Parts of a response body are replaced",
    plugin:
      "onResponseBody(chunk, ctx) { if (!ctx.last) return new TextDecoder().decode(chunk).toUpperCase(); }",
    answer: chunked,
    gets: { body: "ABCDE" },
  },
  {
    title: "A response body with a length becomes one without when it is changed",
    plugin: 'onResponseBody(chunk, ctx) { if (ctx.last) return " and more"; }',
    answer: plain,
    gets: { body: "abcde and more", fields: { "content-length": null, "transfer-encoding": "chunked" } },
  },
  {
    title: "Parts of a response body are dropped",
    plugin: "onResponseBody() { return null; }",
    answer: plain,
    gets: { body: "" },
  },
  {
    title: "ctx.end ends the response body",
    plugin: 'onResponseBody(chunk, ctx) { ctx.end(); return "END"; }',
    answer: chunked,
    gets: { body: "END" },
  },
  {
    title: "A response body goes backwards through the plugins",
    plugin: {
      "a.ts":
        'onResponseBody(chunk, ctx) { return ctx.last ? null : new TextDecoder().decode(chunk) + "a"; }',
      "b.ts":
        'onResponseBody(chunk, ctx) { return ctx.last ? null : new TextDecoder().decode(chunk) + "b"; }',
    },
    answer: plain,
    gets: { body: "abcdeba" },
  },
  {
    title: "The body of a local reply passes the body handlers of the plugins before",
    plugin: {
      "a.ts":
        "onRequest() {}, onResponseBody(chunk, ctx) { if (!ctx.last) return new TextDecoder().decode(chunk).toUpperCase(); }",
      "b.ts": 'onRequest() { return new Response("local"); }',
    },
    gets: { body: "LOCAL" },
  },
  {
    title: "Characters split between parts are put together by a decoder in ctx.state",
    plugin:
      'state: () => ({ decoder: new TextDecoder() }), onRequestBody(chunk, ctx) { return ctx.state.decoder.decode(chunk, { stream: !ctx.last }).replaceAll("€", "EUR"); }',
    send: { method: "POST", chunks: ["\xe2\x82", "\xac\xe2", "\x82\xac"] },
    passes: { body: "EUREUR" },
  },
  {
    title: "Head and body handlers share ctx.state",
    plugin:
      'onRequest(request, ctx) { ctx.state.mark = "*"; }, onRequestBody(chunk, ctx) { if (ctx.last) return ctx.state.mark; }, onResponse(response, ctx) { response.headers.set("x-mark", ctx.state.mark); }',
    send: post("x"),
    gets: { fields: { "x-mark": "*" } },
    passes: { body: "x*" },
  },
  {
    title: "A plugin with handlers of both bodies has one ctx.state, and finds on ctx what it put there",
    plugin:
      'onRequest(request, ctx) { ctx.own = "a"; ctx.state = { n: 1 }; }, onRequestBody(chunk, ctx) { if (ctx.last) ctx.own += "b"; }, onResponseBody(chunk, ctx) { if (!ctx.last) return; ctx.own += "c"; ctx.state = { n: ctx.state.n + 1 }; }, onLog(record, ctx) { console.log(ctx.own + ctx.state.n + ctx.last); }',
    send: post("x"),
    logs: ["info abc2true"],
  },
];

export const bodyChecks: readonly ExchangeCheck[] = [...wholeRequests, ...wholeResponses, ...parts];
