import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { ExchangeCheck } from "./check.ts";

const latin1 = (bytes: Buffer) => bytes.toString("latin1");
const text = "hello hello hello hello";
const gzipped = latin1(gzipSync(text));
const post = (body: string, ...fields: string[]) => ({ method: "POST", body, fields });
const answer = (body: string, ...fields: string[]) =>
  `Content-Length: ${body.length}\r\n${fields.map((line) => `${line}\r\n`).join("")}\r\n${body}`;
/** What the endpoint answers with, whole. */
const ok = (body: string, ...fields: string[]) => `HTTP/1.1 200 OK\r\n${answer(body, ...fields)}`;
const broken = { status: 400, body: /content_malformed/ };

const decoded = (coding: string, body: Buffer): ExchangeCheck => ({
  title: `A request body in ${coding} is decoded on its way, with its length`,
  plugin: `onRequest(request) { request.decodeBody("${coding}"); }`,
  send: post(latin1(body)),
  passes: { body: text, fields: { "content-length": String(text.length) } },
});

const decoding: readonly ExchangeCheck[] = [
  decoded("gzip", gzipSync(text)),
  decoded("deflate", deflateSync(text)),
  decoded("br", brotliCompressSync(text)),
  decoded("zstd", zstdCompressSync(text)),
  {
    title: "Codings come off in the reverse of the order in which they are told",
    plugin: 'onRequest(request) { request.decodeBody(["br", "gzip"]); }',
    send: post(latin1(gzipSync(brotliCompressSync(text)))),
    passes: { body: text },
  },
  {
    title: "The handler that asks for it reads the body decoded, and so does the next plugin",
    plugin: {
      "a.ts":
        'async onRequest(r) { r.decodeBody("gzip"); r.headers.set("x-a", await r.text()); r.headers.set("x-length", String(r.headers.get("content-length"))); }',
      "b.ts":
        'async onRequest(r) { r.headers.set("x-b", await r.text()); r.headers.set("x-told", r.headers.get("content-length")); }',
      "c.ts": 'async onRequest(r) { r.headers.set("x-c", await r.text()); }',
    },
    send: post(gzipped),
    passes: { body: text, fields: { "x-a": text, "x-b": text, "x-c": text, "x-told": "null" } },
  },
  {
    title: "A body phase sees the parts decoded, also its own plugin's",
    plugin:
      'onRequest(request) { request.decodeBody("gzip"); }, onRequestBody(chunk) { return new TextDecoder().decode(chunk).toUpperCase(); }',
    send: { method: "POST", chunks: [...gzipped] },
    passes: { body: text.toUpperCase(), fields: { "transfer-encoding": "chunked" } },
  },
  {
    title: "A body that does not decode is answered 400",
    plugin: 'onRequest(request) { request.decodeBody("gzip"); }',
    send: post("this is no gzip"),
    gets: broken,
    passes: null,
  },
  {
    title: "A body that is cut off is answered 400",
    plugin: 'onRequest(request) { request.decodeBody("gzip"); }',
    send: post(gzipped.slice(0, -4)),
    gets: broken,
    passes: null,
  },
  {
    title: "A body with something behind it is answered 400",
    plugin: 'onRequest(request) { request.decodeBody("gzip"); }',
    send: post(`${gzipped}\0\0`),
    gets: broken,
    passes: null,
  },
  {
    title: "An empty body is empty in every coding",
    plugin: 'onRequest(request) { request.decodeBody("gzip"); }',
    send: { method: "POST", chunks: [] },
    passes: { body: "" },
  },
  {
    title: "A body that decodes to more than maxBytes is answered 413",
    plugin: 'onRequest(request) { request.decodeBody("gzip", { maxBytes: 22 }); }',
    send: post(gzipped),
    gets: { status: 413 },
    passes: null,
  },
  {
    title: "What is read decoded is held to the plugin's own limit",
    plugin:
      'limits: { body: "16B" }, async onRequest(request) { request.decodeBody("gzip"); await request.text(); }',
    send: post(gzipped),
    gets: { status: 413 },
    passes: null,
  },
  {
    title: "A response is decoded, too",
    plugin:
      'onResponse(response) { response.decodeBody("gzip"); response.headers.delete("content-encoding"); }',
    answer: ok(gzipped, "Content-Encoding: gzip"),
    gets: { body: text, fields: { "content-encoding": null } },
  },
  {
    title: "A response that does not decode is answered 502",
    plugin: 'onResponse(response) { response.decodeBody("gzip"); }',
    answer: ok("this is no gzip"),
    gets: { status: 502, body: /response_content_malformed/ },
  },
];

const encodeIfReplaced = 'onResponse(response) { response.encodeBody("gzip"); }';

const encoding: readonly ExchangeCheck[] = [
  {
    title: "What a plugin encodes reaches the plugin before it in gzip, and the client",
    plugin: {
      "a.ts":
        'async onResponse(response) { response.headers.set("x-first", String((await response.bytes())[0])); }',
      "b.ts": 'onResponse(response) { response.encodeBody("gzip", { level: 9 }); }',
    },
    answer: ok(text),
    gets: { fields: { "x-first": "31" }, body: latin1(gzipSync(text, { level: 9 })) },
  },
  {
    title: "What another plugin decodes behind it comes out as it was",
    plugin: {
      "a.ts": 'onResponse(response) { response.decodeBody("zstd"); }',
      "b.ts": 'onResponse(response) { response.encodeBody("zstd"); }',
    },
    answer: ok(text),
    gets: { body: text },
  },
  {
    title: "A plugin encodes behind its own body phase",
    plugin: {
      "a.ts": 'onResponse(response) { response.decodeBody("br"); }',
      "b.ts":
        'onResponse(response) { response.encodeBody("br"); }, onResponseBody(chunk) { return new TextDecoder().decode(chunk).toUpperCase(); }',
    },
    answer: ok(text),
    gets: { body: text.toUpperCase() },
  },
  {
    title: "The body that a plugin sets is encoded when it says so, in whichever order",
    plugin: {
      "a.ts": 'onResponse(response) { response.decodeBody("gzip"); }',
      "b.ts": 'onResponse(response) { response.encodeBody("gzip"); response.setBody("mine"); }',
    },
    gets: { body: "mine" },
  },
  {
    title: "The body that a plugin sets is not what another one before it decodes or encodes",
    plugin: {
      "a.ts": 'onResponse(response) { response.setBody("mine"); }',
      "b.ts": encodeIfReplaced,
    },
    gets: { body: "mine", fields: { "content-length": "4" } },
  },
  {
    title: "Another response is not encoded",
    plugin: { "a.ts": 'onResponse() { return new Response("mine"); }', "b.ts": encodeIfReplaced },
    gets: { body: "mine" },
  },
  {
    title: "The answer of a plugin is encoded by those before it",
    plugin: {
      "a.ts": 'onResponse(response) { response.decodeBody("gzip"); }',
      "b.ts": encodeIfReplaced,
      "c.ts": 'onRequest() { return new Response("mine"); }',
    },
    gets: { body: "mine" },
  },
  {
    title: "The answer to HEAD does not tell a length that GET would not have",
    plugin: encodeIfReplaced,
    send: { method: "HEAD" },
    answer: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
    gets: { status: 200, fields: { "content-length": null } },
  },
  {
    title: "Nor one that a plugin changes part by part",
    plugin: "onResponseBody() {}",
    send: { method: "HEAD" },
    answer: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
    gets: { status: 200, fields: { "content-length": null } },
  },
  {
    title: "Nor does Not Modified",
    plugin: "onResponseBody() {}",
    answer: 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 1000\r\n\r\n',
    gets: { status: 304, fields: { "content-length": null } },
  },
  {
    title: "The answer to HEAD tells the length of a body that no plugin changes",
    plugin: "onResponse() {}",
    send: { method: "HEAD" },
    answer: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
    gets: { status: 200, fields: { "content-length": "1000" } },
  },
  {
    title: "A plugin that fails and is skipped has encoded nothing",
    plugin:
      'onFailure: "open", onResponse(response) { response.encodeBody("gzip"); throw new Error("late"); }',
    answer: ok(text),
    gets: { body: text },
  },
  {
    title: "A request is encoded on its way to the service",
    plugin: {
      "a.ts": 'onRequest(request) { request.encodeBody("zstd"); }',
      "b.ts": 'onRequest(request) { request.decodeBody("zstd"); }',
    },
    send: post(text),
    passes: { body: text },
  },
];

const limiting: readonly ExchangeCheck[] = [
  {
    title: "A body within its limit passes as it came",
    plugin: "onRequest(request) { request.limitBody(5); }",
    steps: [
      { send: post("hello"), passes: { body: "hello", fields: { "content-length": "5" } } },
      {
        send: { method: "POST", chunks: ["he", "llo"] },
        passes: { body: "hello", fields: { "transfer-encoding": "chunked" } },
      },
    ],
  },
  {
    title: "A body that says that it is longer is answered 413, and the service is not asked",
    plugin: "onRequest(request) { request.limitBody(4); }",
    send: post("hello"),
    gets: { status: 413, body: /body_too_large/ },
    passes: null,
  },
  {
    title: "The limit counts for who reads the body as a whole",
    plugin: {
      "a.ts": "onRequest(request) { request.limitBody(4); }",
      "b.ts": "async onRequest(request) { await request.text(); }",
    },
    send: { method: "POST", chunks: ["he", "llo"] },
    gets: { status: 413 },
    passes: null,
  },
  {
    title: "The limit counts what was decoded before",
    plugin: {
      "a.ts": 'onRequest(request) { request.decodeBody("gzip"); }',
      "b.ts": "onRequest(request) { request.limitBody(22); }",
    },
    send: post(gzipped),
    gets: { status: 413 },
    passes: null,
  },
  {
    title: "The limit counts what the body phases before it made, whatever length was told",
    plugin: {
      "a.ts": 'onRequestBody(chunk, ctx) { return ctx.last ? "four" : null; }',
      "b.ts": "onRequest(request) { request.limitBody(4); }",
    },
    send: post("hello"),
    passes: { body: "four" },
  },
  {
    title: "So it does for a response",
    plugin: {
      "a.ts": "onResponse(response) { response.limitBody(4); }",
      "b.ts": 'onResponseBody(chunk, ctx) { return ctx.last ? "four" : null; }',
    },
    answer: ok("hello"),
    gets: { status: 200, body: "four" },
  },
  {
    title: "It counts a stream that takes the place of the service's body, and not that one",
    plugin: {
      "a.ts": "onResponse(response) { response.limitBody(4); }",
      "b.ts":
        'onResponse() { return new Response(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode("four")); c.close(); } })); }',
    },
    answer: ok("hello"),
    gets: { status: 200, body: "four" },
  },
  {
    title: "A plugin's limit counts what comes to its own body phase",
    plugin:
      'onRequest(request) { request.limitBody(4); }, onRequestBody(chunk, ctx) { return ctx.last ? "four" : null; }',
    send: post("hello"),
    gets: { status: 413 },
    passes: null,
  },
  {
    title: "A response that is too long is answered 502",
    plugin: "onResponse(response) { response.limitBody(22); }",
    answer: ok(text),
    gets: { status: 502, body: /response_too_large/ },
  },
];

const refusing = (title: string, call: string, name: string): ExchangeCheck => ({
  title,
  plugin: `onRequest(request) { try { ${call} } catch (error) { return new Response(error.name + ": " + error.message); } }`,
  gets: { body: new RegExp(`^${name}: Cannot`) },
});

const refused: readonly ExchangeCheck[] = [
  refusing("A coding that there is not is refused", 'request.decodeBody("lzw")', "TypeError"),
  refusing("More than four codings are refused", 'request.decodeBody(Array(5).fill("gzip"))', "TypeError"),
  refusing("No coding is refused", "request.decodeBody([])", "TypeError"),
  refusing("A level that there is not is refused", 'request.encodeBody("gzip", { level: 10 })', "RangeError"),
  refusing("A limit that is no number is refused", 'request.limitBody("10")', "RangeError"),
  refusing("A ratio below 1 is refused", 'request.decodeBody("gzip", { maxRatio: 0 })', "RangeError"),
  {
    title: "What is said once the body has gone on its way is refused",
    plugin:
      'state: () => ({ request: null }), onRequest(request, ctx) { ctx.state.request = request; }, onResponse(response, ctx) { try { ctx.state.request.limitBody(1); } catch (error) { response.headers.set("x-error", error.name); } }',
    gets: { status: 200, fields: { "x-error": "InvalidStateError" } },
  },
];

export const bodyStageChecks: readonly ExchangeCheck[] = [...decoding, ...encoding, ...limiting, ...refused];
