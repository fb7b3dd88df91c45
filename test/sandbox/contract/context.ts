import type { ExchangeCheck } from "./check.ts";

export const contextChecks: readonly ExchangeCheck[] = [
  {
    title: "ctx tells route, cluster, client and id",
    plugin:
      "onRequest(request, ctx) { return Response.json([ctx.route.name, ctx.route.cluster, ctx.client.address, ctx.client.tls, typeof ctx.requestId, ctx.requestId.length > 8]); }",
    gets: { json: ["upstream", "upstream", "127.0.0.1", null, "string", true] },
  },
  {
    title: "ctx.requestId is the id that the endpoint gets",
    plugin: 'onRequest(request, ctx) { request.headers.set("x-mine", ctx.requestId); }',
    passes: { fields: { "x-mine": /^[\w-]{8,}$/, "x-request-id": /^[\w-]{8,}$/ } },
  },
  {
    title: "ctx.state goes from phase to phase",
    plugin:
      'onRequest(request, ctx) { ctx.state.a = 1; }, onUpstream(attempt, ctx) { ctx.state.a++; }, onResponse(response, ctx) { response.headers.set("x-state", JSON.stringify(ctx.state)); }',
    gets: { fields: { "x-state": '{"a":2}' } },
  },
  {
    title: "ctx.state begins anew with each request",
    plugin:
      "onRequest(request, ctx) { ctx.state.n = (ctx.state.n ?? 0) + 1; return new Response(String(ctx.state.n)); }",
    steps: [{ gets: { body: "1" } }, { gets: { body: "1" } }],
  },
  {
    title: "ctx.state is of one plugin",
    plugin: {
      "a.ts": 'onRequest(request, ctx) { ctx.state.secret = "a"; }',
      "b.ts": "onRequest(request, ctx) { return Response.json(ctx.state); }",
    },
    gets: { json: {} },
  },
  {
    title: "ctx.state begins as what state returns, and can be replaced",
    plugin:
      'state: () => ({ n: 5 }), onRequest(request, ctx) { ctx.state = { n: ctx.state.n + 1 }; }, onResponse(response, ctx) { response.headers.set("x-n", String(ctx.state.n)); }',
    gets: { fields: { "x-n": "6" } },
  },
  {
    title: "ctx is one object through all phases",
    plugin:
      'const seen = new WeakSet(); export default { onRequest(request, ctx) { seen.add(ctx); }, onResponse(response, ctx) { response.headers.set("x-same", String(seen.has(ctx))); } };',
    gets: { fields: { "x-same": "true" } },
  },
  {
    title: "this is the plugin in every phase",
    plugin:
      'description: "m", onRequest(request) { request.headers.set("x-q", this.description); }, onUpstream(attempt) { attempt.headers.set("x-u", this.description); }, onResponse(response) { response.headers.set("x-s", this.description); }',
    gets: { fields: { "x-s": "m" } },
    passes: { fields: { "x-q": "m", "x-u": "m" } },
  },
  {
    title: "Module variables stay from request to request",
    plugin: "let n = 0; export default { onRequest() { return new Response(String(++n)); } };",
    steps: [{ gets: { body: "1" } }, { gets: { body: "2" } }],
  },
  {
    title: "ctx.log writes level, message and fields",
    plugin:
      'onRequest(request, ctx) { ctx.log.debug("d"); ctx.log.info("i", { a: 1 }); ctx.log.warn("w"); ctx.log.error("e"); }',
    logs: ["debug d", "info i", "warn w", "error e"],
  },
  {
    title: "console writes to the same log",
    plugin: 'onRequest() { console.debug("d"); console.log("l", 1); console.warn("w"); console.error("e"); }',
    logs: ["debug d", "info l 1", "warn w", "error e"],
  },
  {
    title: "ctx.log tells fields without a JSON form",
    plugin:
      'onRequest(request, ctx) { const cycle = {}; cycle.self = cycle; try { ctx.log.info("x", cycle); return new Response("logged"); } catch (error) { return new Response(error.name); } }',
    gets: { body: "logged" },
    logs: ["info x"],
  },
  {
    title: "ctx.metrics counts",
    plugin:
      'onRequest(request, ctx) { ctx.metrics.counter("hits"); ctx.metrics.counter("bytes", 12); ctx.metrics.histogram("size", 0.5); }',
    counts: ["counter p hits 1", "counter p bytes 12", "histogram p size 0.5"],
  },
  {
    title: "ctx.metrics says what is now",
    plugin:
      'onRequest(request, ctx) { ctx.metrics.gauge("a", -1.5); ctx.metrics.gauge("b", 2, "max"); ctx.metrics.gauge("c", 3, "last"); }',
    counts: ["sum p a -1.5", "max p b 2", "last p c 3"],
  },
  ...['"a b", 1', '"a", NaN', '"a", 1, "mean"', '"a", 1, "toString"'].map(
    (args): ExchangeCheck => ({
      title: `ctx.metrics.gauge(${args}) throws a TypeError`,
      plugin: `onRequest(request, ctx) { try { ctx.metrics.gauge(${args}); } catch (error) { return new Response(error.name); } return new Response("said"); }`,
      gets: { body: "TypeError" },
    }),
  ),
  ...['"a b"', '""', '"hits", NaN', '"hits", Infinity', '"x".repeat(100)'].map(
    (args): ExchangeCheck => ({
      title: `ctx.metrics.counter(${args}) throws a TypeError`,
      plugin: `onRequest(request, ctx) { try { ctx.metrics.counter(${args}); } catch (error) { return new Response(error.name); } return new Response("counted"); }`,
      gets: { body: "TypeError" },
    }),
  ),
  {
    title: "A counter refuses to fall",
    plugin:
      'onRequest(request, ctx) { ctx.metrics.counter("a", 5); try { ctx.metrics.counter("a", -7); } catch (error) { return new Response(error.name); } }',
    gets: { body: "RangeError" },
    counts: ["counter p a 5"],
  },
  {
    title: "ctx.kv keeps JSON values",
    plugin:
      'capabilities: { kv: true }, async onRequest(request, { kv }) { await kv.set("k", { a: [1, null] }); const got = await kv.get("k"); const gone = [await kv.delete("k"), await kv.delete("k")]; return Response.json([got, gone, (await kv.get("k")) === undefined]); }',
    gets: { json: [{ a: [1, null] }, [true, false], true] },
  },
  {
    title: "ctx.kv keeps null and empty texts apart from nothing",
    plugin:
      'capabilities: { kv: true }, async onRequest(request, { kv }) { await kv.set("n", null); await kv.set("e", ""); return Response.json([await kv.get("n"), await kv.get("e")]); }',
    gets: { json: [null, ""] },
  },
  {
    title: "ctx.kv counts up and down",
    plugin:
      'capabilities: { kv: true }, async onRequest(request, { kv }) { return Response.json([await kv.increment("n"), await kv.increment("n", 5), await kv.increment("n", -2), await kv.get("n")]); }',
    gets: { json: [1, 6, 4, 4] },
  },
  {
    title: "ctx.kv forgets after ttl",
    plugin:
      'capabilities: { kv: true }, async onRequest(request, { kv }) { await kv.set("t", 1, { ttl: 1 }); const before = await kv.get("t"); await new Promise((r) => setTimeout(r, 1050)); return Response.json([before, (await kv.get("t")) === undefined]); }',
    gets: { json: [1, true] },
  },
  {
    title: "ctx.kv is shared by requests, not by plugins",
    plugin: {
      "a.ts":
        'capabilities: { kv: true }, async onRequest(r, { kv }) { r.headers.set("x-a", String(await kv.increment("n"))); }',
      "b.ts":
        'capabilities: { kv: true }, async onRequest(r, { kv }) { r.headers.set("x-b", String(await kv.get("n"))); }',
    },
    steps: [
      { passes: { fields: { "x-a": "1", "x-b": "undefined" } } },
      { passes: { fields: { "x-a": "2", "x-b": "undefined" } } },
    ],
  },
  ...[
    ["get", '"k"'],
    ["set", '"k", 1'],
    ["delete", '"k"'],
    ["increment", '"k"'],
  ].map(
    ([method, args]): ExchangeCheck => ({
      title: `ctx.kv.${method} without the capability rejects with a NotAllowedError`,
      plugin: `async onRequest(request, { kv }) { return new Response(await kv.${method}(${args}).then(() => "allowed", (e) => e.name)); }`,
      gets: { body: "NotAllowedError" },
    }),
  ),
  ...[
    ["a key that is no string", "kv.get(1)", "TypeError"],
    ["a key that is too long", 'kv.get("k".repeat(2000))', "TypeError"],
    ["a value without a JSON form", 'kv.set("k", undefined)', "TypeError"],
    ["a value that is too long", 'kv.set("k", "v".repeat(2000000))', "QuotaExceededError"],
    ["a negative ttl", 'kv.set("k", 1, { ttl: -1 })', "RangeError"],
    ["a ttl of NaN", 'kv.set("k", 1, { ttl: NaN })', "RangeError"],
    ["an endless ttl", 'kv.set("k", 1, { ttl: Infinity })', "RangeError"],
    ["an increment with a ttl of NaN", 'kv.increment("k", 1, { ttl: NaN })', "RangeError"],
    ["an increment by NaN", 'kv.increment("k", NaN)', "TypeError"],
    ["an increment of a text", 'kv.set("k", "x").then(() => kv.increment("k"))', "TypeError"],
  ].map(
    ([what, call, name]): ExchangeCheck => ({
      title: `ctx.kv refuses ${what}`,
      plugin: `capabilities: { kv: true }, async onRequest(request, { kv }) { return new Response(await ${call}.then(() => "allowed", (e) => e.name)); }`,
      gets: { body: name! },
    }),
  ),
  {
    title: "ctx.waitUntil lets work go on behind the response",
    plugin:
      'onRequest(request, ctx) { ctx.waitUntil(new Promise((r) => setTimeout(r, 10)).then(() => ctx.log.info("later"))); }',
    logs: ["info later"],
  },
  {
    title: "Functions of ctx may be taken out of it",
    plugin: `onRequest(request, { waitUntil, refresh, keepGoing, log }) {
        keepGoing();
        waitUntil(Promise.resolve().then(() => log.info(typeof refresh())));
        return new Response("answered");
      }`,
    gets: { body: "answered" },
    logs: [/boolean|InvalidStateError/],
  },
  {
    title: "ctx.waitUntil refuses a function, which nobody would call",
    plugin:
      "onRequest(request, ctx) { try { ctx.waitUntil(async () => {}); } catch (error) { return new Response(error.name); } }",
    gets: { body: "TypeError" },
  },
  {
    title: "What ctx.waitUntil rejects with is logged",
    plugin: 'onRequest(request, ctx) { ctx.waitUntil(Promise.reject(new Error("behind"))); }',
    logs: [/Error: behind/],
  },
  {
    title: "What a timer throws is logged",
    plugin: 'onRequest() { setTimeout(() => { throw new RangeError("in a timer"); }, 1); }',
    logs: [/RangeError: in a timer/],
  },
  {
    title: "ctx.deadline is ahead by the wall time and does not move",
    plugin:
      'limits: { wall: "3s" }, async onRequest(request, ctx) { const first = ctx.deadline; await new Promise((r) => setTimeout(r, 20)); return Response.json([Math.abs(first - performance.now() - 2980) < 200, ctx.deadline === first]); }',
    gets: { json: [true, true] },
  },
  {
    title: "ctx.signal is the request's and is not aborted",
    plugin:
      "onRequest(request, ctx) { return Response.json([ctx.signal === request.signal, ctx.signal.aborted, ctx.signal instanceof AbortSignal]); }",
    gets: { json: [true, false, true] },
  },
  {
    title: "ctx.upstream chooses nothing at first",
    plugin: "onRequest(request, ctx) { return Response.json(ctx.upstream); }",
    gets: { json: { cluster: null, endpoint: null, hashKey: null } },
  },
  {
    title: "ctx.priority is the route's at first, and what was assigned from then on",
    plugin:
      "onRequest(request, ctx) { const first = ctx.priority; ctx.priority = 3; ctx.priority = 0; return Response.json([first, ctx.priority]); }",
    gets: { json: [1, 0] },
  },
  {
    title: "ctx.priority is 0, 1, 2 or 3",
    plugin:
      'onRequest(request, ctx) { const found = []; for (const value of [4, -1, 1.5, "1", null, NaN]) try { ctx.priority = value; } catch (error) { found.push(error.message); } return Response.json([found.length, found[0], ctx.priority]); }',
    gets: { json: [6, "Cannot set ctx.priority to 4: expected 0, 1, 2 or 3", 1] },
  },
  {
    title: "What onRequest made of the priority stays for the phases behind it",
    plugin:
      'onRequest(request, ctx) { ctx.priority = 2; }, onResponse(response, ctx) { response.headers.set("x-saw", ctx.priority); }',
    gets: { fields: { "x-saw": "2" } },
  },
  {
    title: "onUpstream sees number, cluster, method and url, and edits fields",
    plugin:
      'onUpstream(attempt) { attempt.headers.set("x-saw", [attempt.number, attempt.cluster, attempt.method, attempt.url].join(" ")); }',
    send: { target: "/p?q" },
    passes: { fields: { "x-saw": /^1 \S+ GET http:\/\/a\.test\/p\?q$/ } },
  },
  {
    title: "onUpstream sees what onRequest has made of the request",
    plugin:
      'onRequest(request) { request.url = "/new"; request.method = "PUT"; request.headers.set("x-a", "1"); }, onUpstream(attempt) { attempt.headers.set("x-saw", [attempt.method, attempt.url, attempt.headers.get("x-a")].join(" ")); }',
    passes: { startLine: "PUT /new HTTP/1.1", fields: { "x-saw": "PUT http://a.test/new 1" } },
  },
  {
    title: "onUpstream may change the path",
    plugin: 'onUpstream(attempt) { attempt.url = "/signed?s=1"; }',
    passes: { startLine: "GET /signed?s=1 HTTP/1.1" },
  },
  {
    title: "onUpstream may not answer",
    plugin: 'onUpstream() { return new Response("no"); }',
    gets: { status: 500 },
    passes: null,
  },
  {
    title: "onUpstream may be asynchronous",
    plugin:
      'async onUpstream(attempt) { await new Promise((r) => setTimeout(r, 3)); attempt.headers.set("x-a", "signed"); }',
    passes: { fields: { "x-a": "signed" } },
  },
  {
    title: "onLog gets the record of the exchange",
    plugin:
      'onLog(record, ctx) { console.log([record.method, record.path, record.status, record.host, record.route, record.attempts, record.error, record.requestId === ctx.requestId, record.durationMs >= 0].join(" ")); }',
    send: { target: "/logged" },
    logs: ["info GET /logged 200 a.test upstream 1  true true"],
  },
  {
    title: "onLog may be asynchronous, and a fault in it hurts nobody",
    plugin: 'async onLog(record, ctx) { await null; console.log("logged"); throw new Error("x"); }',
    steps: [{ gets: { status: 200 } }, { gets: { status: 200 } }],
    logs: ["info logged", "info logged"],
  },
  {
    title: "onLog of a local reply has its status",
    plugin:
      'onRequest() { return new Response("x", { status: 403 }); }, onLog(record) { console.log(record.status); }',
    gets: { status: 403 },
    logs: ["info 403"],
  },
];
