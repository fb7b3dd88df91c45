import { noGrants } from "../../../core/config/defaults.ts";
import type { LoadCheck } from "./check.ts";

const grant = (capabilities: string) => `capabilities: ${capabilities}, onRequest() {}`;

export const loadChecks: readonly LoadCheck[] = [
  {
    title: "A plugin without any phase is refused",
    plugin: "",
    refused: /^Cannot use the plugin: expected a phase such as onRequest\(request, ctx\), .* found none$/,
  },
  {
    title: "A plugin that only ends is refused",
    plugin: "teardown() {}",
    refused: /^Cannot use the plugin: expected a phase/,
  },
  { title: "A plugin of a setup alone loads", plugin: "setup() {}", refused: null },
  {
    title: "A plugin whose phases are inherited loads",
    plugin: "class Guard { onRequest() {} }\nexport default new Guard();",
    refused: null,
  },
  {
    title: "A phase that is undefined is not there",
    plugin: "onRequest() {}, onResponse: undefined",
    refused: null,
  },
  {
    title: "A plugin of another platform's shape is refused, with the shape here",
    plugin: 'export default {\n  async fetch(request) { return new Response("no"); },\n};',
    refused: /^Cannot use fetch: a plugin answers requests in onRequest\(request, ctx\); it may have name, /,
  },
  {
    title: "A mistyped phase is refused, with the one that was meant",
    plugin: "onRequest() {}, onRespnse() {}",
    refused:
      /^Cannot use onRespnse: a plugin has no such member \(did you mean "onResponse"\?\); it may have name, .*onLog/,
  },
  {
    title: "A phase that is no function is refused",
    plugin: 'onRequest: "next"',
    refused: /^Cannot use onRequest: expected a function, found string$/,
  },
  {
    title: "A state that is no function is refused",
    plugin: "onRequest() {}, state: { count: 0 }",
    refused: /^Cannot use state: expected a function, found object$/,
  },
  {
    title: "A default export that is a promise is refused",
    plugin: "export default Promise.resolve({ onRequest() {} });",
    refused: /Cannot use the plugin: .*found a default export that is a promise$/,
  },
  {
    title: "A plugin that is a plain object loads",
    plugin: "export default { onRequest() {} };",
    refused: null,
  },
  {
    title: "A module without a default export is refused",
    plugin: "export const a = 1; // no export default",
    refused: /no default export/,
  },
  {
    title: "A default export that is a function is refused",
    plugin: "export default function () {}",
    refused: /default export that is a function/,
  },
  {
    title: "A default export that is null is refused",
    plugin: "export default null;",
    refused: /Cannot use the plugin/,
  },
  {
    title: "A top level that throws is refused with its place",
    plugin: 'const a = 1;\n  throw new RangeError("broken");\nexport default {};',
    refused: /RangeError.*broken/,
    at: "2",
  },
  {
    title: "A top level that throws is refused with the cause",
    plugin: 'throw new Error("broken", { cause: new RangeError("why") });\nexport default {};',
    refused: /Error in its top level: broken \(cause: RangeError: why\)/,
    at: "1",
  },
  {
    title: "A setup that throws is refused with the cause",
    plugin: 'setup() { throw new Error("broken", { cause: new RangeError("why") }); }, onRequest() {}',
    refused: /Error in setup: broken \(cause: RangeError: why\)/,
  },
  {
    title: "A top level that throws no error is refused",
    plugin: "throw 'text';\nexport default {};",
    refused: /text/,
  },
  {
    title: "A top level that throws what cannot be shown is refused",
    plugin: "throw { toString() { throw 1; } };\nexport default {};",
    refused: /cannot be shown/,
  },
  {
    title: "A top level that uses a name of a host is refused",
    plugin: "process.exit(3);\nexport default {};",
    refused: /TypeError|ReferenceError/,
    at: "1",
  },
  {
    title: "A top level that goes on for ever is refused",
    plugin: "while (true);\nexport default {};",
    settings: { limits: { cpu: 60 } },
    refused:
      /^Cannot load the plugin: Guest p took more than \d{3} ms; do less in its top level, or .*plugins\.settings\.p\.limits\.cpu/,
    exempt: { inline: "trusted code has no limits" },
  },
  {
    title: "A setup that goes on for ever is refused",
    plugin: "setup() { while (true); }, onRequest() {}",
    settings: { limits: { cpu: 60 } },
    refused:
      /^Cannot set up the plugin: Guest p took more than 60 ms; do less .*plugins\.settings\.p\.limits\.cpu/,
    exempt: { inline: "trusted code has no limits" },
  },
  {
    title: "A top level may take as long as the operator lets the plugin",
    plugin: "const end = Date.now() + 400; while (Date.now() < end);\nexport default { onRequest() {} };",
    settings: { limits: { cpu: 2000 } },
    refused: null,
  },
  {
    title: "A top level that takes too much memory is refused",
    plugin: "const kept = []; for (;;) kept.push(new ArrayBuffer(1e6));\nexport default {};",
    settings: { limits: { cpu: 5000, memory: 16 * 1024 * 1024 } },
    refused: /./,
    exempt: { inline: "trusted code has no limits" },
  },
  { title: "A setup that does nothing passes", plugin: "setup() {}, onRequest() {}", refused: null },
  {
    title: "A setup may be asynchronous",
    plugin: "async setup() { await new Promise((resolve) => setTimeout(resolve, 5)); }, onRequest() {}",
    refused: null,
  },
  {
    title: "A setup that throws is refused with its place",
    plugin: 'onRequest() {},\nsetup() {\n  throw new TypeError("no token");\n}',
    refused: /TypeError in setup: no token/,
    at: "5",
  },
  {
    title: "A setup that rejects is refused",
    plugin: 'onRequest() {}, async setup() { await null; throw new Error("late"); }',
    refused: /Error in setup: late/,
  },
  {
    title: "A setup that rejects with nothing is refused",
    plugin: "onRequest() {}, setup() { return Promise.reject(); }",
    refused: /undefined/,
  },
  {
    title: "A setup of a thenable is awaited",
    plugin:
      'onRequest() {}, setup() { return { then(resolve, reject) { reject(new Error("thenable")); } }; }',
    refused: /thenable/,
  },
  {
    title: "A getter that throws in the manifest is refused",
    plugin: 'export default { get limits() { throw new Error("got"); } };',
    refused: /got/,
  },
  {
    title: "A manifest that is no JSON is refused",
    plugin: "limits: { cpu: 10n }, onRequest() {}",
    refused: /BigInt|serialize|manifest/i,
  },
  {
    title: "An unknown limit is refused",
    plugin: "limits: { speed: 1 }, onRequest() {}",
    refused: /limits\.speed/,
  },
  {
    title: "A limit out of its bounds is refused",
    plugin: 'limits: { cpu: "1h" }, onRequest() {}',
    refused: /limits\.cpu/,
  },
  {
    title: "Limits with units are understood",
    plugin:
      'limits: { cpu: "40ms", wall: "2s", memory: "16MiB", body: "64KiB", fetches: 2, logLines: 5 }, onRequest() {}',
    refused: null,
  },
  {
    title: "An unknown capability is refused",
    plugin: grant("{ files: true }"),
    refused: /capabilities\.files/,
  },
  { title: "kv must be true or false", plugin: grant('{ kv: "yes" }'), refused: /capabilities\.kv/ },
  {
    title: "env must be names of variables",
    plugin: grant('{ env: ["A=B"] }'),
    refused: /capabilities\.env/,
  },
  {
    title: "fetch must be a list",
    plugin: grant('{ fetch: "https://h.test" }'),
    refused: /capabilities\.fetch/,
  },
  {
    title: "onFailure is closed or open",
    plugin: 'onFailure: "maybe", onRequest() {}',
    refused: /onFailure/,
  },
  {
    title: "A capability that is not granted refuses the plugin and names it",
    plugin: grant('{ kv: true, env: ["TOKEN"], fetch: ["https://h.test"] }'),
    grantDeclared: false,
    refused: /fetch https:\/\/h\.test, kv, env TOKEN.*plugins\.settings\.p\.grants/,
  },
  {
    title: "A capability that is granted loads",
    plugin: grant('{ kv: true, env: ["TOKEN"], fetch: ["https://h.test"] }'),
    grantDeclared: false,
    settings: { grants: { ...noGrants, kv: true, env: ["TOKEN"], fetch: ["https://h.test"] } },
    refused: null,
  },
  {
    title: "A grant without private covers no private addresses",
    plugin: grant('{ fetch: [{ origin: "http://10.0.0.1", private: true }] }'),
    grantDeclared: false,
    settings: { grants: { ...noGrants, fetch: ["http://10.0.0.1"] } },
    refused: /fetch http:\/\/10\.0\.0\.1/,
  },
  {
    title: "A config for a plugin that takes none is refused",
    plugin: "onRequest() {}",
    settings: { config: { a: 1 } },
    refused: /declares none/,
  },
  ...[
    ['properties: { x: { pattern: "^a$" } }', "config/x must match"],
    ['properties: { x: { items: { pattern: "^a$" } } }', "config/x/0 must match"],
    ['additionalProperties: { pattern: "^a$" }', "config/x must match"],
    ['allOf: [{ properties: { x: { pattern: "^a$" } } }]', "config/x must match"],
    ['properties: { x: { anyOf: [{ const: false }, { pattern: "^a$" }] } }', "config/x must match"],
    ['patternProperties: { "^[xy]$": { pattern: "^a$" } }', "config/x must match"],
    ['patternProperties: { "^[xy]$": { type: "number" } }', "config/x must be number"],
    ['patternProperties: { "^[ab]$": {} }, additionalProperties: false', "config/x is no property of it"],
  ].map(
    ([schema, refused], index): LoadCheck => ({
      title: `A value that does not match its pattern is refused: ${schema}`,
      plugin: `config: { type: "object", ${schema} }, onRequest() {}`,
      settings: { config: { x: index === 1 ? ["b"] : "b" } },
      refused: new RegExp(refused!),
    }),
  ),
  {
    title: "A pattern that is none is refused",
    plugin: 'config: { type: "object", properties: { x: { pattern: "(" } } }, onRequest() {}',
    settings: { config: { x: "b" } },
    refused: /^Cannot use the config of p: SyntaxError: /,
  },
  {
    title: "A config that does not fit is refused with its place",
    plugin: 'config: { type: "object", properties: { n: { type: "number" } } }, onRequest() {}',
    settings: { config: { n: "x" } },
    refused: /config\/n/,
  },
  {
    title: "A config with a missing member is refused",
    plugin:
      'config: { type: "object", required: ["n"], properties: { n: { type: "number" } } }, onRequest() {}',
    refused: /config/,
  },
  {
    title: "A config schema that is no object is refused",
    plugin: 'config: "none", onRequest() {}',
    refused: /config/,
  },
];
