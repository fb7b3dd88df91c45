import type { ExchangeCheck } from "./check.ts";

const cached = (members: string) => `capabilities: { cache: true }, ${members}`;
const keeps = cached(`
  onRequest(request, ctx) {
    const found = ctx.cache.get("k");
    if (found !== undefined) return found.response({ headers: { "x-meta": found.meta, "x-length": String(found.length) } });
  },
  onResponse(response, ctx) {
    ctx.waitUntil(ctx.cache.record("k", response.headers.get("content-type") ?? "none", { maxBytes: 1000 }));
  }`);

export const cacheChecks: readonly ExchangeCheck[] = [
  {
    title: "ctx.cache.record keeps the body that passes, and response answers with it",
    plugin: keeps,
    steps: [
      {
        answer: "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
        gets: { body: "hello", fields: { "content-length": "5" } },
      },
      {
        passes: null,
        gets: { body: "hello", fields: { "x-meta": "text/plain", "x-length": "5", "content-length": "5" } },
      },
      {
        send: { method: "HEAD" },
        passes: null,
        gets: { fields: { "x-length": "5", "content-length": "5" } },
      },
    ],
  },
  {
    title: "A body with chunked coding is kept as its data",
    plugin: keeps,
    steps: [
      {
        answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        gets: { body: "hello" },
      },
      { passes: null, gets: { body: "hello", fields: { "content-length": "5" } } },
    ],
  },
  {
    title: "A body that is longer than maxBytes goes on and is not kept",
    plugin: keeps,
    steps: [
      {
        answer: `HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n${"x".repeat(2000)}`,
        gets: { body: "x".repeat(2000) },
      },
      { answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", gets: { body: "ok" } },
    ],
  },
  {
    title: "What is recorded is what reaches the plugin: policies before it have changed it already",
    plugin: {
      "a.ts": `${keeps}`,
      "b.ts": 'onResponseBody(chunk, ctx) { if (ctx.last) return "!"; }',
    },
    steps: [{ gets: { body: "upstream!" } }, { passes: null, gets: { body: "upstream!" } }],
  },
  {
    title: "Policies behind it change what it answers with, and not what it keeps",
    plugin: {
      "a.ts": 'onResponseBody(chunk, ctx) { if (ctx.last) return "!"; }',
      "b.ts": `${keeps}`,
    },
    steps: [
      { gets: { body: "upstream!" } },
      { passes: null, gets: { body: "upstream!", fields: { "x-length": "8" } } },
    ],
  },
  {
    title: "A policy can read the stored body that another one answers with",
    plugin: {
      "a.ts": "async onResponse(response) { response.setBody((await response.text()).toUpperCase()); }",
      "b.ts": cached(
        'onRequest(request, ctx) { ctx.cache.set("k", "", new TextEncoder().encode("stored")); return ctx.cache.get("k").response(); }',
      ),
    },
    passes: null,
    gets: { body: "STORED" },
  },
  {
    title: "ctx.cache.response answers with a part",
    plugin: cached(
      'onRequest(request, ctx) { ctx.cache.set("k", "", new TextEncoder().encode("0123456789")); return ctx.cache.get("k").response({ status: 206 }, { start: 2, end: 5 }); }',
    ),
    gets: { status: 206, body: "234", fields: { "content-length": "3" } },
  },
  {
    title: "A handler that has waited answers with what it asks for then",
    plugin: cached(
      'async onRequest(request, ctx) { ctx.cache.set("k", "", new TextEncoder().encode("stored")); await new Promise((done) => setTimeout(done, 1)); return ctx.cache.get("k").response(); }',
    ),
    passes: null,
    gets: { body: "stored" },
  },
  {
    title: "ctx.cache.update keeps the body, delete takes it away, and so do prefix and tag",
    plugin: cached(`onRequest(request, { cache }) {
      const body = new TextEncoder().encode("b");
      const put = () => { for (const key of ["a/1", "a/2", "b/1"]) cache.set(key, "m", body, { tags: [key.slice(2)] }); };
      const left = () => ["a/1", "a/2", "b/1"].filter((key) => cache.get(key) !== undefined).join();
      put();
      const seen = [cache.update("a/1", "new"), cache.update("none", "x"), cache.get("a/1").meta, cache.get("a/1").length];
      seen.push(cache.delete("a/1"), cache.delete("a/1"), left());
      put();
      seen.push(cache.deletePrefix("a/"), left());
      put();
      seen.push(cache.deleteTag("1"), left(), cache.deleteTag("1"));
      return Response.json(seen);
    }`),
    gets: { json: [true, false, "new", 1, true, false, "a/2,b/1", 2, "b/1", 2, "a/2", 0] },
  },
  {
    title: "ctx.cache.find has at once what memory has, and nothing where nothing is",
    plugin: cached(`onRequest(request, { cache }) {
      cache.set("k", "m", null);
      return Response.json([cache.find("k").meta, cache.find("none") === undefined]);
    }`),
    gets: { json: ["m", true] },
  },
  {
    title: "ctx.cache.deleteUrl takes all responses of a URL away, and no others",
    plugin: cached(`onRequest(request, { cache }) {
      for (const key of ["1", "2", "3"]) cache.set(key, "m", null, { url: key === "3" ? "u/x" : "u" });
      cache.set("4", "m", null, { tags: ["u"] });
      return Response.json([cache.deleteUrl("u"), cache.deleteUrl("u"), cache.get("3").staleSince, cache.get("4") !== undefined]);
    }`),
    gets: { json: [2, 0, null, true] },
  },
  {
    title: "Plugins do not see each other's responses",
    plugin: {
      "a.ts": cached('onRequest(request, { cache }) { cache.set("k", "of a", null, { tags: ["t"] }); }'),
      "b.ts": cached(
        'onRequest(request, { cache }) { return Response.json([cache.get("k") === undefined, cache.deleteTag("t"), cache.deletePrefix("")]); }',
      ),
    },
    gets: { json: [true, 0, 0] },
  },
  {
    title: "A stored response that is answered with too late is a fault",
    plugin: cached(`async onRequest(request, { cache }) {
      cache.set("k", "", new TextEncoder().encode("x"));
      const found = cache.get("k");
      await new Promise((r) => setTimeout(r, 30));
      return found.response();
    }`),
    gets: { status: 500 },
  },
  {
    title: "A stored body cannot be read by the plugin",
    plugin: cached(`async onRequest(request, { cache }) {
      cache.set("k", "", new TextEncoder().encode("x"));
      return new Response(await cache.get("k").response().text().catch((e) => e.name));
    }`),
    gets: { body: "TypeError" },
  },
  {
    title: "Recording in onRequest is refused",
    plugin: cached(
      'async onRequest(request, { cache }) { return new Response(await cache.record("k", "").catch((e) => e.name)); }',
    ),
    gets: { body: "InvalidStateError" },
  },
  ...[
    ["a key that is no string", "cache.get(1)", "TypeError"],
    ["a key that is too long", 'cache.get("k".repeat(40000))', "TypeError"],
    ["a meta that is too long", 'cache.set("k", "m".repeat(200000), null)', "QuotaExceededError"],
    ["a URL that is no text", 'cache.set("k", "m", null, { url: 1 })', "TypeError"],
    ["tags that are no texts", 'cache.set("k", "m", null, { tags: [1] })', "TypeError"],
  ].map(
    ([what, call, name]): ExchangeCheck => ({
      title: `ctx.cache refuses ${what}`,
      plugin: cached(
        `onRequest(request, { cache }) { try { ${call}; return new Response("allowed"); } catch (e) { return new Response(e.name); } }`,
      ),
      gets: { body: name! },
    }),
  ),
  {
    title: "ctx.cache without the capability throws a NotAllowedError",
    plugin:
      'onRequest(request, { cache }) { try { cache.get("k"); return new Response("allowed"); } catch (e) { return new Response(e.name); } }',
    gets: { body: "NotAllowedError" },
  },
];
