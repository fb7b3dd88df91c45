/** Plugins that attack while they are loaded. Each is refused within its time, or is a plugin like others. */

export interface HostileLoad {
  readonly title: string;
  /** Members of a plugin, or a module. */
  readonly plugin: string;
  readonly config?: unknown;
  /** What it is refused with; null: it loads. */
  readonly refused: RegExp | null;
}

const doubling = `(() => { const defs = {}; for (let i = 0; i < 40; i++) defs["a" + i] = { anyOf: [{ $ref: "#/$defs/a" + (i + 1) }, { $ref: "#/$defs/a" + (i + 1) }] };
  return { ...defs, a40: { type: "string" } } })()`;

const stranger = (text: string) => `import { definePlugin } from "sluice/sdk"; ${text}`;

export const hostileLoads: readonly HostileLoad[] = [
  {
    title: "a top level that loops",
    plugin: stranger("for (;;); export default definePlugin({})"),
    refused: /took more than .*; do less in its top level/,
  },
  { title: "a setup that loops", plugin: "setup() { for (;;); }", refused: /took more than/ },
  {
    title: "a getter in the manifest that loops",
    plugin: "get limits() { for (;;); }",
    refused: /took more than/,
  },
  {
    title: "a manifest that writes itself for ever",
    plugin: "description: { toJSON() { for (;;); } } as any",
    refused: /took more than/,
  },
  {
    title: "an export that is a proxy",
    plugin: stranger(
      `export default new Proxy({}, { get(target, name) { if (name === "then") return undefined; throw new Error("trap " + String(name)); } }) as any`,
    ),
    refused: /trap/,
  },
  {
    title: "a manifest that is a gigabyte",
    plugin: `description: "x".repeat(1e6) as any, config: { title: "y".repeat(1e6) } as any`,
    refused: /malformed|JSON/,
  },
  {
    title: "a config schema that is deep",
    plugin: `config: (() => { let s: any = {}; for (let i = 0; i < 20000; i++) s = { not: s }; return s })(), onRequest() {}`,
    refused: /stack|RangeError/,
  },
  {
    title: "a config schema that doubles itself",
    plugin: `config: { $defs: ${doubling}, $ref: "#/$defs/a0" } as any, onRequest() {}`,
    refused: /\$ref/,
  },
  {
    title: "a config schema and defaults that are compared part by part",
    plugin: `config: { type: "object", properties: { a: { default: Array.from({ length: 9000 }, (_, i) => i), contains: { enum: Array.from({ length: 9000 }, (_, i) => -i - 1) } } } } as any, onRequest() {}`,
    refused: /smaller/,
  },
  {
    title: "a config schema whose defaults multiply",
    plugin: `config: (() => { const level = (inner: object) => ({ type: "array", default: Array.from({ length: 400 }, () => ({})), items: { type: "object", properties: { a: inner } } });
      return { type: "object", properties: { a: level(level(level({ type: "number", default: 1 }))) } } })() as any, onRequest() {}`,
    refused: /fewer or smaller defaults/,
  },
  {
    title: "a config schema with a pattern for each of its names, and many of both",
    plugin: `config: { type: "object", properties: { a: { default: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => ["b" + i + "x".repeat(135), 1])), patternProperties: Object.fromEntries(Array.from({ length: 3500 }, (_, i) => ["^a" + i, {}])) } } } as any, onRequest() {}`,
    refused: /fewer patterns/,
  },
  {
    title: "a config schema that has a validator look three times at each level",
    plugin: `config: (() => { let contains: any = {}, value: any = 1; for (let i = 0; i < 16; i++) { contains = { contains, minContains: 1, maxContains: 9 }; value = [value]; }
      return { type: "object", properties: { a: { default: value, ...contains } } } })(), onRequest() {}`,
    refused: /smaller/,
  },
  {
    title: "a pattern of the config that backtracks",
    plugin: `config: { type: "object", properties: { a: { type: "string", pattern: "^(a+)+$" } } } as any, onRequest() {}`,
    config: { a: `${"a".repeat(40)}b` },
    refused: /took more than/,
  },
  {
    title: "names of the config that make a pattern backtrack",
    plugin: `config: { type: "object", patternProperties: { "^(a+)+$": {} } } as any, onRequest() {}`,
    config: { [`${"a".repeat(40)}b`]: 1 },
    refused: /took more than/,
  },
  {
    title: "a config schema that names prototypes",
    plugin: `config: JSON.parse('{"type":"object","properties":{"__proto__":{"default":{"polluted":1}},"constructor":{"default":1}}}'), onRequest() {}`,
    refused: null,
  },
  { title: "limits beyond all bounds", plugin: "limits: { cpu: 1e9 }", refused: /limits\.cpu/ },
  {
    title: "limits that are no numbers",
    plugin: "limits: { memory: { valueOf: 1, toString: 1 } } as any",
    refused: /limits\.memory/,
  },
  {
    title: "limits under names of prototypes",
    plugin: `limits: JSON.parse('{"__proto__":{"cpu":1},"constructor":1}')`,
    refused: /limits\./,
  },
  {
    title: "capabilities that there are not",
    plugin: `capabilities: { files: ["/"] } as any`,
    refused: /capabilities\.files/,
  },
  {
    title: "grants of variables by odd names",
    plugin: `capabilities: { env: ["__proto__", "PATH\\0X"] } as any`,
    refused: /capabilities\.env/,
  },
  {
    title: "a grant for an origin that is none",
    plugin: `capabilities: { fetch: ["http://*", "::", "file:///etc"] } as any`,
    refused: /fetch/,
  },
  { title: "phases that are no functions", plugin: "onRequest: 1 as any", refused: /Cannot use onRequest/ },
  {
    title: "members under names of prototypes",
    plugin: `...JSON.parse('{"__proto__":{"onRequest":1},"constructor":1}'), onRequest() {}`,
    refused: /Cannot use (__proto__|constructor): a plugin has no such member/,
  },
  {
    title: "an error without a text",
    plugin: stranger("throw { toString: null }; export default definePlugin({})"),
    refused: /Thrown|shown/,
  },
  {
    title: "an error that shows a path",
    plugin: stranger(`export default definePlugin({ setup() { null.x } } as any)`),
    refused: /^(?!.*(\/work|\/core\/|node:)).*$/s,
  },
];
