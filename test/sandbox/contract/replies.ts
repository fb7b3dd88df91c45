import type { ExchangeCheck } from "./check.ts";

const refusedReplies = [
  ["a string", '"text"'],
  ["a number", "42"],
  ["an object", "{ status: 200 }"],
  ["a Response-like object", "{ status: 200, headers: new Headers(), body: null }"],
  ["a function", "() => {}"],
  ["a boolean", "false"],
] as const;

export const replyChecks: readonly ExchangeCheck[] = [
  {
    title: "A text is the answer",
    plugin: 'onRequest() { return new Response("hello", { status: 418, headers: { "x-a": "1" } }); }',
    gets: {
      status: 418,
      body: "hello",
      fields: { "x-a": "1", "content-length": "5", "content-type": "text/plain;charset=UTF-8" },
    },
    passes: null,
  },
  {
    title: "A text is sent as UTF-8",
    plugin: 'onRequest() { return new Response("é€😀"); }',
    gets: { body: Buffer.from("é€😀").toString("latin1"), fields: { "content-length": "9" } },
  },
  {
    title: "JSON is the answer",
    plugin: 'onRequest() { return Response.json({ title: "no" }, { status: 403 }); }',
    gets: { status: 403, json: { title: "no" }, fields: { "content-type": "application/json" } },
  },
  {
    title: "Bytes are the answer",
    plugin: "onRequest() { return new Response(new Uint8Array([0, 255, 10, 13])); }",
    gets: { body: "\x00\xff\n\r", fields: { "content-length": "4" } },
  },
  {
    title: "A part of a buffer is the answer",
    plugin: "onRequest() { return new Response(new Uint8Array([1, 2, 3, 4]).subarray(1, 3)); }",
    gets: { body: "\x02\x03" },
  },
  {
    title: "An ArrayBuffer is the answer",
    plugin: "onRequest() { return new Response(new Uint8Array([65, 66]).buffer); }",
    gets: { body: "AB" },
  },
  {
    title: "An answer without a body says so",
    plugin: "onRequest() { return new Response(null, { status: 202 }); }",
    gets: { status: 202, body: "", fields: { "content-length": "0" } },
  },
  {
    title: "204 has no length",
    plugin: "onRequest() { return new Response(null, { status: 204 }); }",
    gets: { status: 204, fields: { "content-length": null, "transfer-encoding": null } },
  },
  {
    title: "A redirect has its location",
    plugin: 'onRequest() { return Response.redirect("https://h.test/x", 308); }',
    gets: { status: 308, fields: { location: "https://h.test/x" } },
  },
  {
    title: "A form is the answer",
    plugin: 'onRequest() { return new Response(new URLSearchParams({ a: "1 2" })); }',
    gets: { body: "a=1+2" },
  },
  {
    title: "A stream is the answer",
    plugin:
      'onRequest() { return new Response(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode("one ")); c.enqueue(new TextEncoder().encode("two")); c.close(); } })); }',
    gets: { status: 200, body: "one two" },
  },
  {
    title: "Parts of a stream that are longer than what crosses at once arrive whole and in their order",
    plugin: `onRequest() { return new Response(new ReadableStream({ n: 0, pull(c) {
      const n = this.n++;
      if (n === 0) c.enqueue(new Uint8Array(200000).fill(97));
      if (n === 1) c.enqueue("b".repeat(150000));
      if (n === 2) c.enqueue(new Uint8Array(65536).fill(99));
      if (n === 3) c.enqueue(new Uint8Array(300000).subarray(1000, 101000).fill(100));
      if (n === 4) c.close();
    } })); }`,
    gets: { body: /^a{200000}b{150000}c{65536}d{100000}$/ },
  },
  {
    title: "A slow stream is the answer",
    plugin:
      'onRequest() { return new Response(ReadableStream.from((async function* () { for (const part of ["a", "b", "c"]) { await new Promise((resolve) => setTimeout(resolve, 5)); yield new TextEncoder().encode(part); } })())); }',
    gets: { status: 200, body: "abc" },
  },
  {
    title: "The reason phrase is the handler's",
    plugin: 'onRequest() { return new Response("x", { status: 200, statusText: "Fine Indeed" }); }',
    gets: { startLine: "HTTP/1.1 200 Fine Indeed" },
  },
  {
    title: "Cookies stay fields of their own",
    plugin:
      'onRequest() { const headers = new Headers(); headers.append("set-cookie", "a=1"); headers.append("set-cookie", "b=2"); return new Response("x", { headers }); }',
    gets: { fields: { "set-cookie": "a=1, b=2" } },
  },
  {
    title: "A promise of a reply is the answer",
    plugin: 'onRequest() { return Promise.resolve(new Response("later")); }',
    gets: { body: "later" },
  },
  {
    title: "A thenable of a reply is the answer",
    plugin: 'onRequest() { return { then(resolve) { resolve(new Response("then")); } }; }',
    gets: { body: "then" },
  },
  {
    title: "A reply after a timer is the answer",
    plugin:
      'async onRequest() { await new Promise((resolve) => setTimeout(resolve, 10)); return new Response("slow"); }',
    gets: { body: "slow" },
  },
  {
    title: "A reply to HEAD has the length and no body",
    plugin: 'onRequest() { return new Response("hello"); }',
    send: { method: "HEAD" },
    gets: { status: 200, body: "" },
  },
  {
    title: "Framing fields of a reply are the proxy's",
    plugin:
      'onRequest() { return new Response("x", { headers: { "content-length": "999", "transfer-encoding": "chunked", connection: "x-a", "x-a": "1" } }); }',
    gets: {
      body: "x",
      fields: { "content-length": "1", "transfer-encoding": null, "x-a": "1", connection: null },
    },
  },
  {
    title: "A reply that was read cannot be sent",
    plugin: 'async onRequest() { const r = new Response("x"); await r.text(); return r; }',
    gets: { status: 500 },
  },
  {
    title: "A reply that is an error response is a fault",
    plugin: "onRequest() { return Response.error(); }",
    gets: { status: 500 },
  },
  {
    title: "A large reply is sent whole",
    plugin: 'onRequest() { return new Response("x".repeat(300000)); }',
    gets: { fields: { "content-length": "300000" } },
  },
  {
    title: "One reply given twice is sent twice",
    plugin: 'const reply = new Response("again"); export default { onRequest() { return reply; } };',
    steps: [{ gets: { body: "again" } }, { gets: { body: "again" } }],
  },
  ...refusedReplies.map(
    ([what, value]): ExchangeCheck => ({
      title: `A handler that returns ${what} is a fault`,
      plugin: `onRequest() { return ${value}; }`,
      gets: { status: 500 },
      passes: null,
    }),
  ),
  {
    title: "What a client is told of a fault says nothing of the plugin",
    plugin: 'onRequest() { throw new Error("secret in p.ts"); }',
    gets: {
      status: 500,
      body: /^(?!.*secret).*plugin_failed/s,
      fields: { "content-type": "application/problem+json" },
    },
  },
];
