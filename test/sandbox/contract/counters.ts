import type { ExchangeCheck, ValueCheck } from "./check.ts";

const longKey = '"k".repeat(1025)';

export const counterChecks: readonly ValueCheck[] = [
  {
    title: "counters.add begins at 0, adds 1 or what it is told, and gives the sum at once",
    code: 'const c = ctx.counters; return [c.add("a"), c.add("a", 5), c.add("a", -0.5), c.get("a")];',
    expected: [1, 6, 5.5, 5.5],
  },
  {
    title: "counters.get gives undefined for what is not there, and 0 for 0",
    code: 'ctx.counters.set("zero", 0); return [ctx.counters.get("none") === undefined, ctx.counters.get("zero")];',
    expected: [true, 0],
  },
  {
    title: "counters.add with most adds nothing above it, and says so",
    code: 'const c = ctx.counters; const sums = [2, 2, 1].map((by) => c.add("m", by, { most: 3 }) ?? "no"); return [sums, c.get("m")];',
    expected: [[2, "no", 3], 3],
  },
  {
    title: "counters keep every bit of a number",
    code: "const c = ctx.counters; return [0.1 + 0.2, 5e-324, 2 ** 53, -1.7976931348623157e308, 1e21, 1 / 3].every((n) => { c.set(`n`, n); return c.get(`n`) === n; });",
    expected: true,
  },
  {
    title: "counters.compareAndSet sets only what is as expected",
    code: 'const c = ctx.counters; return [c.compareAndSet("s", 1, 2), c.compareAndSet("s", undefined, 0.1), c.compareAndSet("s", undefined, 3), c.compareAndSet("s", 0.1, 4), c.get("s")];',
    expected: [false, true, false, true, 4],
  },
  {
    title: "counters.delete says whether there was one",
    code: 'ctx.counters.set("d", 1); return [ctx.counters.delete("d"), ctx.counters.delete("d"), ctx.counters.get("d") === undefined];',
    expected: [true, false, true],
  },
  {
    title: "counters forget after ttl",
    code: 'const c = ctx.counters; c.add("t", 1, { ttl: 0.02 }); const before = c.get("t"); await new Promise((r) => setTimeout(r, 60)); return [before, c.get("t") === undefined];',
    expected: [1, true],
  },
  {
    title: "counters.take empties a bucket and says how long until there is more",
    code: 'const c = ctx.counters; const bucket = { rate: 0.01, burst: 2 }; const taken = [1, 1, 1].map((n) => c.take("b", n, bucket)); return [taken.map(({ allowed, left }) => [allowed, Math.round(left)]), taken[2].wait > 99 && taken[2].wait <= 100, taken[2].reset > 199 && taken[2].reset <= 200];',
    expected: [
      [
        [true, 1],
        [true, 0],
        [false, 0],
      ],
      true,
      true,
    ],
  },
  {
    title: "counters.take of more than the bucket holds waits forever, of nothing tells how it stands",
    code: 'const c = ctx.counters; return [c.take("v", 3, { rate: 1, burst: 2 }).wait === Infinity, c.take("v", 0, { rate: 1, burst: 2 })];',
    expected: [true, { allowed: true, wait: 0, left: 2, reset: 0 }],
  },
  {
    title: "counters.now goes on",
    code: "const first = ctx.counters.now(); await new Promise((r) => setTimeout(r, 20)); return [first >= 0, ctx.counters.now() - first >= 15];",
    expected: [true, true],
  },
  {
    title: "counters and values under one key are two things",
    code: 'await ctx.kv.set("same", "text"); ctx.counters.set("same", 1); return [await ctx.kv.get("same"), ctx.counters.get("same")];',
    expected: ["text", 1],
  },
  {
    title: "counters take keys of any characters",
    code: 'const keys = ["", " ", "1 2 3", "\\0", "\\ud800", "\\u2603", "__proto__", "k".repeat(1024)]; keys.forEach((k, i) => ctx.counters.set(k, i)); return keys.map((k) => ctx.counters.get(k));',
    expected: [0, 1, 2, 3, 4, 5, 6, 7],
  },
  {
    title: "counters bear a flood of keys: the newest are there",
    code: 'for (let i = 0; i < 3000; i++) ctx.counters.add("flood " + i + "x".repeat(900)); return ctx.counters.get("flood 2999" + "x".repeat(900));',
    expected: 1,
  },
  ...[
    ["get", longKey],
    ["set", `${longKey}, 1`],
    ["delete", longKey],
    ["add", longKey],
    ["compareAndSet", `${longKey}, 1, 2`],
    ["take", `${longKey}, 1, { rate: 1, burst: 1 }`],
    ["get", "1"],
    ["add", "undefined"],
    ["add", '"k", NaN'],
    ["add", '"k", Infinity'],
    ["add", '"k", "1 2 3 x"'],
    ["add", '"k", 1, { most: NaN }'],
    ["add", '"k", 1, { ttl: "1" }'],
    ["set", '"k", NaN'],
    ["set", '"k"'],
    ["set", '"k", 1n'],
    ["compareAndSet", '"k", NaN, 1'],
    ["compareAndSet", '"k", 1, -Infinity'],
    ["compareAndSet", '"k", 1, { valueOf: () => 1 }'],
    ["take", '"k", NaN, { rate: 1, burst: 1 }'],
    ["take", '"k", 1, { rate: "1", burst: 1 }'],
    ["take", '"k", 1, {}'],
  ].map(
    ([method, args]): ValueCheck => ({
      title: `counters.${method}(${args}) throws a TypeError`,
      code: `ctx.counters.${method}(${args});`,
      throws: "TypeError",
    }),
  ),
  ...[
    ["add", '"k", 1, { ttl: 0 }'],
    ["add", '"k", 1, { ttl: -1 }'],
    ["set", '"k", 1, { ttl: 1e12 }'],
    ["take", '"k", -1, { rate: 1, burst: 1 }'],
    ["take", '"k", 1, { rate: 0, burst: 1 }'],
    ["take", '"k", 1, { rate: -1, burst: -1 }'],
    ["take", '"k", 1, { rate: 1e-300, burst: 1e300 }'],
  ].map(
    ([method, args]): ValueCheck => ({
      title: `counters.${method}(${args}) throws a RangeError`,
      code: `ctx.counters.${method}(${args});`,
      throws: "RangeError",
    }),
  ),
  {
    title: "counters.add throws a RangeError when the sum is no finite number, and changes nothing",
    code: 'const c = ctx.counters; c.set("big", 1e308); let name = ""; try { c.add("big", 1e308); } catch (error) { name = error.name; } return [name, c.get("big") === 1e308, c.add("big", 1e308, { most: 1e308 }) === undefined];',
    expected: ["RangeError", true, true],
  },
];

export const counterExchangeChecks: readonly ExchangeCheck[] = [
  {
    title: "counters are shared by requests and with setup, not with other plugins",
    plugin: {
      "a.ts":
        'capabilities: { kv: true }, setup(config, host) { host.counters.add("n", 10); }, onRequest(r, { counters }) { r.headers.set("x-a", String(counters.add("n"))); }',
      "b.ts":
        'capabilities: { kv: true }, onRequest(r, { counters }) { r.headers.set("x-b", String(counters.get("n"))); }',
    },
    steps: [
      { passes: { fields: { "x-a": "11", "x-b": "undefined" } } },
      { passes: { fields: { "x-a": "12", "x-b": "undefined" } } },
    ],
  },
  ...[
    ["now", ""],
    ["get", '"k"'],
    ["set", '"k", 1'],
    ["delete", '"k"'],
    ["add", '"k"'],
    ["compareAndSet", '"k", 1, 2'],
    ["take", '"k", 1, { rate: 1, burst: 1 }'],
  ].map(
    ([method, args]): ExchangeCheck => ({
      title: `counters.${method} without the capability throws a NotAllowedError`,
      plugin: `onRequest(request, { counters }) { try { counters.${method}(${args}); } catch (error) { return new Response(error.name); } return new Response("allowed"); }`,
      gets: { body: "NotAllowedError" },
    }),
  ),
];
