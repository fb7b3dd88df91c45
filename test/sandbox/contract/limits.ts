import type { ExchangeCheck } from "./check.ts";

const trusted = { inline: "trusted code has no limits" };

/** Code that does not end by itself, or not in time. */
const endless = [
  ["An endless loop", "while (true);"],
  ["An endless loop that catches everything", "for (;;) try { for (;;); } catch {} finally {}"],
  ["Microtasks without an end", "const again = () => Promise.resolve().then(again); again();"],
  ["A regular expression that backtracks", '/^(a+)+$/.test("a".repeat(60) + "b");'],
  ["A generator without an end", "for (const n of (function* () { for (;;) yield 1; })()) n;"],
  ["A getter in a loop", "const o = { get x() { return 1; } }; for (;;) o.x;"],
] as const;

export const limitChecks: readonly ExchangeCheck[] = [
  ...endless.map(
    ([what, code]): ExchangeCheck => ({
      title: `${what} is ended, and the plugin is there again`,
      plugin: `onRequest(request) { if (request.url.endsWith("/loop")) { ${code} } return new Response("fine"); }`,
      settings: { limits: { cpu: 60 } },
      steps: [
        { send: { target: "/loop" }, gets: { status: 500, body: /plugin_failed/ }, passes: null },
        { send: { target: "/" }, gets: { status: 200, body: "fine" } },
      ],
      exempt: trusted,
    }),
  ),
  {
    title: "A loop behind an await is ended",
    plugin:
      'async onRequest(request) { await new Promise((r) => setTimeout(r, 1)); if (request.url.endsWith("/loop")) while (true); return new Response("fine"); }',
    settings: { limits: { cpu: 60 } },
    steps: [
      { send: { target: "/loop" }, gets: { status: 500 } },
      { send: { target: "/" }, gets: { body: "fine" } },
    ],
    exempt: trusted,
  },
  {
    title: "A loop in onResponse is ended",
    plugin: "onResponse(response) { if (response.status === 201) while (true); }",
    settings: { limits: { cpu: 60 } },
    steps: [
      { answer: "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", gets: { status: 500 } },
      { gets: { body: "upstream" } },
    ],
    exempt: trusted,
  },
  {
    title: "A loop of a plugin that fails open lets the request pass",
    plugin: 'onFailure: "open", onRequest() { while (true); }',
    settings: { limits: { cpu: 60 } },
    gets: { body: "upstream" },
    exempt: trusted,
  },
  {
    title: "Memory without an end is ended, and the plugin is there again",
    plugin:
      'onRequest(request) { if (request.url.endsWith("/grow")) { const all = []; for (let i = 0; ; i++) all.push({ i, text: "x" + i }); } return new Response("fine"); }',
    settings: { limits: { memory: 16 * 1024 * 1024 } },
    steps: [
      { send: { target: "/grow" }, gets: { status: 500 } },
      { send: { target: "/" }, gets: { body: "fine" } },
    ],
    exempt: trusted,
  },
  {
    title: "A buffer beyond the memory is a fault",
    plugin:
      'onRequest(request) { if (request.url.endsWith("/grow")) { const all = []; for (;;) all.push(new Uint8Array(4 * 1024 * 1024).fill(1)); } return new Response("fine"); }',
    settings: { limits: { memory: 16 * 1024 * 1024 } },
    steps: [
      { send: { target: "/grow" }, gets: { status: 500 } },
      { send: { target: "/" }, gets: { body: "fine" } },
    ],
    exempt: trusted,
  },
  {
    title: "A loss takes the state of the module along, and setup runs again",
    plugin:
      'let setups = 0, n = 0; export default { setup() { setups++; }, onRequest(request) { if (request.url.endsWith("/loop")) while (true); return Response.json([setups, ++n]); } };',
    settings: { limits: { cpu: 60 } },
    steps: [
      { gets: { json: [1, 1] } },
      { gets: { json: [1, 2] } },
      { send: { target: "/loop" }, gets: { status: 500 } },
      { gets: { json: [1, 1] } },
    ],
    exempt: trusted,
  },
  {
    title: "Log lines beyond the rate are dropped, which is no fault",
    plugin:
      'limits: { logLines: 3 }, onRequest() { for (let i = 0; i < 50; i++) console.log(i); return new Response("fine"); }',
    gets: { body: "fine" },
    logs: ["info 0", "info 1", "info 2"],
  },
  {
    title: "A plugin without the grant fetches nothing",
    plugin:
      'async onRequest() { return new Response(await fetch("http://127.0.0.1:9/").then(() => "fetched", (e) => e.name)); }',
    gets: { body: "NotAllowedError" },
  },
];
