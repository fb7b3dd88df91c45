import type { ExchangeCheck } from "./check.ts";

const thrown = [
  ["an Error", 'new Error("x")'],
  ["a string", '"x"'],
  ["undefined", "undefined"],
  ["null", "null"],
  ["a number", "0"],
  ["a symbol", 'Symbol("x")'],
  ["a bigint", "1n"],
  ["an object without a prototype", "Object.create(null)"],
  ["an object whose toString throws", "{ toString() { throw 1; } }"],
  [
    "an error whose getters throw",
    "{ get message() { throw 1; }, get stack() { throw 2; }, __proto__: Error.prototype }",
  ],
  ["a proxy that throws", "new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 2; } })"],
  ["a Response", 'new Response("x")'],
  ["an error with a long message", 'new Error("x".repeat(1000000))'],
] as const;

const throwing: readonly ExchangeCheck[] = thrown.flatMap(([what, value]) => [
  {
    title: `Throwing ${what} is a fault`,
    plugin: `onRequest() { throw ${value}; }`,
    gets: { status: 500, body: /plugin_failed/ },
    passes: null,
  },
  {
    title: `Rejecting with ${what} is a fault`,
    plugin: `async onRequest() { await null; throw ${value}; }`,
    gets: { status: 500, body: /plugin_failed/ },
    passes: null,
  },
]);

const someone = '{ subject: "me", method: "m", claims: {}, scopes: [], groups: [] }';
const leaving = [
  ["", "onRequest(request, ctx) {"],
  [", where it is asynchronous", "async onRequest(request, ctx) { await null;"],
] as const;

export const faultChecks: readonly ExchangeCheck[] = [
  ...throwing,
  {
    title: "A thenable that throws is a fault",
    plugin: 'onRequest() { return { then() { throw new Error("x"); } }; }',
    gets: { status: 500 },
    passes: null,
  },
  {
    title: "A thenable whose then cannot be read is a fault",
    plugin: 'onRequest() { return { get then() { throw new Error("x"); } }; }',
    gets: { status: 500 },
    passes: null,
  },
  {
    title: "A promise that is never settled is a fault after the wall time",
    plugin: 'limits: { wall: "60ms" }, onRequest() { return new Promise(() => {}); }',
    gets: { status: 500, body: /plugin_failed/ },
    passes: null,
  },
  {
    title: "An outcome that comes after the wall time changes nothing",
    plugin:
      'limits: { wall: "30ms" }, onFailure: "open", async onRequest(request) { await new Promise((r) => setTimeout(r, 600)); request.headers.set("x-late", "1"); return new Response("late"); }',
    gets: { body: "upstream" },
    passes: { fields: { "x-late": null } },
  },
  {
    title: "The signal aborts when the wall time is over",
    plugin:
      'limits: { wall: "30ms" }, onFailure: "open", async onRequest(request, ctx) { ctx.signal.addEventListener("abort", () => console.log("aborted " + ctx.signal.reason.name)); await new Promise(() => {}); }',
    gets: { body: "upstream" },
    logs: [/info aborted \w+Error/],
  },
  {
    title: "A fault of a plugin that fails open is skipped",
    plugin:
      'onFailure: "open", onRequest(request) { request.headers.set("x-a", "1"); throw new Error("x"); }',
    gets: { status: 200, body: "upstream" },
    passes: { fields: { "x-a": null } },
  },
  ...leaving.map(([how, begin]) => ({
    title: `Nothing counts that a handler told the proxy before it failed${how}`,
    plugin: `onFailure: "open", capabilities: { identity: true }, ${begin} ctx.upstream.cluster = "none"; ctx.upstream.hashKey = "x"; ctx.priority = 3; ctx.requestId = "mine"; ctx.identity = ${someone}; throw new Error("x"); }, onUpstream(attempt, ctx) { attempt.headers.set("x-saw", [ctx.upstream.cluster, ctx.priority, ctx.requestId === "mine", ctx.identity].join()); }, onResponse(response) { response.headers.set("x-b", "2"); }`,
    passes: { fields: { "x-saw": ",1,false," } },
    gets: { body: "upstream", fields: { "x-b": "2" } },
  })),
  {
    title: "What a handler told the proxy counts when a later one of its plugin fails",
    plugin: `onFailure: "open", capabilities: { identity: true }, onRequest(request, ctx) { ctx.upstream.hashKey = "a"; ctx.priority = 2; ctx.requestId = "mine"; ctx.identity = ${someone}; }, onUpstream(attempt, ctx) { ctx.upstream.hashKey = "b"; ctx.priority = 3; ctx.requestId = "other"; ctx.identity = null; throw new Error("x"); }, onResponse(response, ctx) { response.headers.set("x-saw", [ctx.upstream.hashKey, ctx.priority, ctx.requestId, ctx.identity.subject].join()); }`,
    gets: { body: "upstream", fields: { "x-saw": "a,2,mine,me" } },
  },
  {
    title: "The operator decides over a plugin that fails open",
    plugin: 'onFailure: "open", onRequest() { throw new Error("x"); }',
    settings: { onFailure: "closed" },
    gets: { status: 500 },
    passes: null,
  },
  {
    title: "The operator decides over a plugin that fails closed",
    plugin: 'onRequest() { throw new Error("x"); }',
    settings: { onFailure: "open" },
    gets: { body: "upstream" },
  },
  {
    title: "A fault in onResponse of a plugin that fails open is skipped",
    plugin: 'onFailure: "open", onResponse(r) { r.headers.set("x-a", "1"); throw new Error("x"); }',
    gets: { body: "upstream", fields: { "x-a": null } },
  },
  {
    title: "A fault in onUpstream of a plugin that fails open is skipped",
    plugin: 'onFailure: "open", onUpstream() { throw new Error("x"); }',
    gets: { body: "upstream" },
  },
  {
    title: "A fault in a body handler of a plugin that fails open leaves the part as it was",
    plugin:
      'onFailure: "open", onRequestBody(chunk, ctx) { if (!ctx.last) throw new Error("x"); return "!"; }',
    send: { method: "POST", body: "part" },
    passes: { body: "part!" },
  },
  {
    title: "A fault in a request body handler is 500",
    plugin: 'onRequestBody() { throw new Error("x"); }',
    send: { method: "POST", body: "part" },
    gets: { status: 500 },
  },
  {
    title: "A guest goes on after a fault",
    plugin:
      'onRequest(request) { if (request.url.endsWith("/bad")) throw new Error("x"); return new Response("fine"); }',
    steps: [
      { send: { target: "/bad" }, gets: { status: 500 } },
      { send: { target: "/good" }, gets: { body: "fine" } },
      { send: { target: "/bad" }, gets: { status: 500 } },
      { send: { target: "/good" }, gets: { body: "fine" } },
    ],
  },
  {
    title: "A rejection that nobody waits for hurts nobody",
    plugin: 'onRequest() { Promise.reject(new Error("alone")); return new Response("fine"); }',
    steps: [{ gets: { body: "fine" } }, { gets: { body: "fine" } }],
    exempt: { inline: "it is a rejection of the host's own realm" },
  },
  {
    title: "A rejection that nobody waits for is logged, and one that somebody comes to wait for is not",
    plugin: `onRequest() {
      void (async () => { await null; throw new RangeError("lost"); })();
      const handled = Promise.reject(new Error("handled"));
      queueMicrotask(() => void handled.catch(() => {}));
      return new Response("fine");
    }`,
    steps: [{ gets: { body: "fine" } }, { gets: { body: "fine" } }],
    logs: ["error RangeError: lost", "error RangeError: lost"],
    exempt: {
      inline: "it is a rejection of the host's own realm: test/control/lost-rejection.test.ts",
      quickjs: "its build has no way to tell",
    },
  },
  {
    title: "Deep recursion is a fault, and the guest goes on or is made anew",
    plugin:
      'onRequest(request) { if (request.url.endsWith("/deep")) { const f = () => f() + 1; f(); } return new Response("fine"); }',
    steps: [
      { send: { target: "/deep" }, gets: { status: 500 } },
      { send: { target: "/" }, gets: { body: "fine" } },
    ],
  },
  {
    title: "A guest that spoils its prototypes spoils nobody else",
    plugin: {
      "a.ts":
        'export default { onRequest() { Array.prototype.push = () => { throw 1; }; String.prototype.split = () => []; Promise.prototype.then = () => {}; JSON.stringify = () => "no"; Object.prototype.polluted = "yes"; } };',
      "b.ts":
        'export default { async onRequest(request) { await null; return Response.json([[1].push(2), "a b".split(" ").length, {}.polluted ?? null]); } };',
    },
    gets: { json: [2, 2, null] },
    exempt: { inline: "trusted plugins share the realm of the host" },
  },
];
