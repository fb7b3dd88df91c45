import { execFileSync } from "node:child_process";
import t from "tap";
import type { MatchPatterns } from "../../core/policy/config-patterns.ts";
import { checkPolicyConfig } from "../../core/policy/policy-config.ts";
import { matchPatterns } from "../../sdk/runtime/config-patterns.ts";
import { runDelay } from "../security/run-delay.ts";

/** ms for which others may wait for a config, with some for an engine that is cold. */
const longest = 200;

/** Nobody here is hostile. */
const match: MatchPatterns = async (asked) => matchPatterns(asked);
const check = (schema: object | null, config: unknown) => checkPolicyConfig(schema, config, match);

const gate = {
  type: "object",
  properties: {
    key: { type: "string", minLength: 1 },
    mode: { enum: ["strict", "lax"], default: "strict" },
    paths: { type: "array", items: { type: "string" }, default: [] },
  },
  required: ["key"],
  additionalProperties: false,
};

t.test("a config that fits gets the schema's defaults", async (t) => {
  t.same(await check(gate, { key: "k" }), { key: "k", mode: "strict", paths: [] });
});

t.test("a plugin without a schema takes no config", async (t) => {
  t.same(await check(null, null), {});
  t.same(await check(null, {}), {});
  await t.rejects(check(null, { key: "k" }), /expected no config/);
});

t.test("each mismatch is named with its place", async (t) => {
  await t.rejects(check(gate, { mode: "odd", paths: ["/a", 2], more: true }), {
    message: [
      "config must have required properties key",
      'config/more is no property of it (did you mean "mode"?)',
      "config/mode must be equal to one of the allowed values: strict, lax",
      "config/paths/1 must be string",
    ].join("; "),
  });
});

t.test("a config that fits in a way that is not plain is taken, too", async (t) => {
  const schema = { type: "object", properties: { step: { multipleOf: 5 }, name: { maxLength: 3 } } };
  t.same(await check(schema, { step: 15, name: "\u{1F468}\u200D\u{1F469}" }), {
    step: 15,
    name: "\u{1F468}\u200D\u{1F469}",
  });
  await t.rejects(check(schema, { step: 16 }), /config\/step must be multiple of 5/);
});

t.test("a schema that refers to parts of itself is refused even where the config fits", async (t) => {
  const schema = { type: "object", properties: { next: { $ref: "#" } } };
  await t.rejects(check(schema, {}), /expected a schema without \$ref/);
});

t.test("dependencies are refused, and what has taken their place is not", async (t) => {
  await t.rejects(check({ type: "object", dependencies: { a: ["b"] } }, {}), {
    message: "expected a schema without dependencies: use dependentRequired or dependentSchemas",
  });
  const schema = {
    type: "object",
    properties: { dependencies: { type: "array" } },
    dependentRequired: { dependencies: ["b"] },
    dependentSchemas: { c: { properties: { b: { pattern: "^k" } } } },
  };
  t.same(await check(schema, { dependencies: [], b: "k", c: 1 }), { dependencies: [], b: "k", c: 1 });
  await t.rejects(check(schema, { dependencies: [] }), /b/);
  await t.rejects(check(schema, { b: "q", c: 1 }), /config\/b must match \^k/);
});

t.test("what the validator knows besides is not asked of it", async (t) => {
  const schema = {
    "~guard": {},
    "~refine": [{}],
    format: "email",
    $defs: { a: 1 },
    "x-note": { pattern: "(" },
  };
  t.same(await check({ type: "object", additionalProperties: schema, multipleOf: 1 }, { a: "k" }), {
    a: "k",
  });
});

t.test("a property that there is not is named, with what was meant", async (t) => {
  const deep = { type: "object", properties: { gates: { type: "array", items: gate } } };
  await t.rejects(check(deep, { gates: [{ key: "k", pahts: [] }] }), {
    message: 'config/gates/0/pahts is no property of it (did you mean "paths"?)',
  });
  await t.rejects(check(gate, { key: "k", "a/b": 1, zzzzzz: 2 }), {
    message:
      "config/a~1b is no property of it; there are key, mode, paths; config/zzzzzz is no property of it; there are key, mode, paths",
  });
  await t.rejects(check({ type: "object", additionalProperties: { type: "number" } }, { a: "x" }), {
    message: "config/a must be number",
  });
  await t.rejects(check({ type: "object", additionalProperties: false }, { a: 1 }), {
    message: "config/a is no property of it; there are none",
  });
});

t.test("a property whose schema is false is refused", async (t) => {
  const schema = { type: "object", properties: { old: false } };
  t.same(await check(schema, { other: 1 }), { other: 1 });
  await t.rejects(check(schema, { old: 1 }), { message: "config/old must not be there" });
});

/** Names of the validator's modules that a process has loaded in the end. */
function validatorAfter(config: object): string[] {
  const program = `
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
    const { checkPolicyConfig } = await import(${JSON.stringify(import.meta.resolve("../../core/policy/policy-config.ts"))});
    await checkPolicyConfig(${JSON.stringify(gate)}, ${JSON.stringify(config)}).catch(() => {});
    console.log(JSON.stringify(loaded.filter((url) => url.includes("/typebox/"))));
  `;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program]);
  return JSON.parse(output.toString());
}

const isNode = !("Deno" in globalThis);

t.test(
  "the validator is loaded only for a config that does not plainly fit",
  { skip: isNode ? false : "module hooks are Node's" },
  async (t) => {
    t.same(validatorAfter({ key: "k" }), []);
    t.not(validatorAfter({ key: 1 }).length, 0);
    t.notOk(validatorAfter({ key: 1 }).some((url) => /typebox\/build\/(type|value)\/index/.test(url)));
  },
);

const keys = { type: "string", pattern: "^k" };

t.test("a pattern holds wherever a schema has one", async (t) => {
  for (const [schema, fitting, other, message] of [
    [{ properties: { x: keys } }, { x: "k1" }, { x: "q" }, "config/x must match ^k"],
    [
      { properties: { x: { items: keys } } },
      { x: ["k", "k2"] },
      { x: ["k", "q"] },
      "config/x/1 must match ^k",
    ],
    [
      { properties: { x: { prefixItems: [{}, keys] } } },
      { x: [1, "k"] },
      { x: ["k", "q"] },
      /x\/1 must match/,
    ],
    [{ additionalProperties: keys }, { y: "k" }, { y: "q" }, "config/y must match ^k"],
    [{ allOf: [{ properties: { x: keys } }] }, { x: "k" }, { x: "q" }, /config\/x must match \^k/],
    [{ properties: { x: { anyOf: [{ const: false }, keys] } } }, { x: "k" }, { x: "q" }, /must match \^k/],
    [{ properties: { x: { oneOf: [{ const: false }, keys] } } }, { x: false }, { x: "q" }, /must match \^k/],
    [{ properties: { x: { not: keys } } }, { x: "q" }, { x: "k" }, /config\/x must not be valid/],
    [{ propertyNames: keys }, { k: 1 }, { k: 1, q: 1 }, /property names q are invalid/],
    [{ if: { properties: { x: keys } }, else: { required: ["y"] } }, { x: "k" }, { x: "q" }, /y/],
  ] as const) {
    const whole = { type: "object", ...schema };
    t.same(await check(whole, fitting), fitting);
    await t.rejects(check(whole, other), { message });
  }
});

t.test("names are matched, and their values have to fit", async (t) => {
  const schema = {
    type: "object",
    properties: { mode: { enum: ["a", "b"] } },
    patternProperties: { "^k": { type: "number", minimum: 2 }, d$: { maximum: 9 } },
    additionalProperties: false,
  };
  t.same(await check(schema, { mode: "a", k1: 3, kd: 9, old: 1 }), { mode: "a", k1: 3, kd: 9, old: 1 });
  await t.rejects(check(schema, { k1: 1 }), { message: "config/k1 must be >= 2" });
  await t.rejects(check(schema, { kd: 10 }), { message: "config/kd must be <= 9" });
  await t.rejects(check(schema, { k1: 1, other: 1 }), {
    message: "config/other is no property of it; there are mode",
  });
  const odd = { "k.*|x": 3, "k(": 4, mode: "a" };
  t.same(await check(schema, odd), odd, "names that look like expressions");
});

t.test("a record of typebox is one, with the defaults of its values", async (t) => {
  const schema = {
    type: "object",
    patternProperties: {
      "^.*$": {
        type: "object",
        properties: { rate: { type: "number", default: 5 }, plan: { pattern: "^[a-z]+$", default: "free" } },
      },
    },
  };
  t.same(await check(schema, { a: {}, b: { rate: 1 } }), {
    a: { rate: 5, plan: "free" },
    b: { rate: 1, plan: "free" },
  });
  await t.rejects(check(schema, { a: { rate: "5" } }), { message: "config/a/rate must be number" });
  await t.rejects(check(schema, { a: { plan: "9" } }), { message: "config/a/plan must match ^[a-z]+$" });
});

t.test("a plugin that does not answer for its patterns, or has one that is none, is refused", async (t) => {
  const schema = { type: "object", properties: { x: { pattern: "(" }, y: { const: 1 } } };
  await t.rejects(check(schema, { x: "" }), /Invalid regular expression/);
  for (const answer of [null, {}, [], [1], ["11"], [["1"]]]) {
    await t.rejects(
      checkPolicyConfig(schema, { x: "" }, async () => answer),
      /found no answer/,
    );
  }
});

t.test("what is called a pattern is none where schemas are not", async (t) => {
  for (const schema of [
    { properties: { pattern: { type: "string" }, patternProperties: { type: "string" } } },
    { properties: { x: { enum: [{ pattern: "a" }] } } },
  ]) {
    t.same(await check({ type: "object", ...schema }, {}), {});
  }
});

/** So many of them, by number. */
const times = <Value>(count: number, value: (index: number) => Value) =>
  Array.from({ length: count }, (_, index) => value(index));
const named = (count: number, name: (index: number) => string, value: unknown) =>
  Object.fromEntries(times(count, (index) => [name(index), value]));
/** As often as it says, inside of itself. */
const nested = (count: number, inner: unknown, around: (inner: unknown) => unknown) =>
  times(count, () => around).reduce((value, wrap) => wrap(value), inner);
const under = (part: object) => ({ type: "object", properties: { a: part } });
const level = (count: number, inner: object) => ({
  type: "array",
  default: times(count, () => ({})),
  items: { type: "object", properties: { a: inner } },
});

/** What a schema has the host do, were it not counted; seconds, or more memory than there is. */
const costly: Readonly<Record<string, object>> = {
  "defaults of items": under(level(60, level(60, level(60, { default: 1 })))),
  "defaults of names": under(
    nested(4, { default: 1 }, (inner) => ({
      default: named(40, (i) => `k${i}`, {}),
      additionalProperties: { properties: { a: inner } },
    })) as object,
  ),
  "long defaults of items": under(level(2000, { default: "x".repeat(50_000) })),
  "patterns of names": under({
    default: named(1000, (i) => `b${i}`, 1),
    patternProperties: named(1500, (i) => `^a${i}`, {}),
  }),
  "patterns of items": under({
    default: times(1000, (i) => `t${i}`),
    items: { allOf: times(200, (i) => ({ pattern: `^t|${i}` })) },
  }),
  "names that many patterns match": under({
    default: named(300, (i) => `b${i}${"x".repeat(20)}`, 1),
    patternProperties: named(50, (i) => `^b.*[02468]x|${i}`, {}),
    additionalProperties: false,
  }),
  "long names that are closed": under({
    default: named(900, (i) => `${"x".repeat(200)}${i}`, 1),
    properties: named(900, (i) => `${"x".repeat(200)}y${i}`, true),
    additionalProperties: false,
  }),
  "names that are near none": under({
    default: named(1000, (i) => `n${i}${"q".repeat(50)}`, 1),
    properties: named(3000, (i) => `k${i}${"z".repeat(60)}`, {}),
    additionalProperties: false,
  }),
  "what is contained in what is contained": under({
    default: nested(13, 1, (inner) => [inner]),
    ...(nested(13, { const: 1 }, (contains) => ({ contains, minContains: 1, maxContains: 9 })) as object),
  }),
  "many branches": under({
    default: times(900, () => 1),
    items: { oneOf: times(4000, () => true) },
  }),
  "long texts that are counted": under({
    default: "\u00e9".repeat(100_000),
    allOf: times(5000, () => ({ minLength: 90_000 })),
  }),
  "texts that have to be unique": under({
    default: ["x".repeat(200_000), "y".repeat(200_000)],
    allOf: times(200, () => ({ uniqueItems: true })),
  }),
  "properties that are not there": under({
    default: times(1000, () => ({})),
    items: { properties: named(2000, (i) => `p${i}`, {}), multipleOf: 1 },
  }),
  "names that depend on many": under({
    default: times(1000, () => ({ a: 1 })),
    items: { dependentRequired: { a: times(10_000, () => "a") } },
  }),
  "names that are counted": under({
    default: named(5000, (i) => `k${i}`, 0),
    allOf: times(300, () => ({ minProperties: 1 })),
  }),
  "names on which nothing depends": under({
    default: named(5000, (i) => `k${i}`, 0),
    allOf: times(300, () => ({ dependentRequired: {} })),
  }),
  "options that are objects": under({
    default: named(5000, (i) => `k${i}`, 0),
    enum: [...times(300, () => ({})), named(5000, (i) => `k${i}`, 0)],
  }),
  "long options": under({
    default: times(1000, () => "x".repeat(400)),
    items: { enum: times(1000, (i) => `${"x".repeat(396)}${i + 1000}`) },
  }),
  "names of branches inside of branches": under({
    default: named(5000, (i) => `k${i}`, 0),
    ...(nested(1000, { properties: named(5000, (i) => `k${i}`, true) }, (inner) => ({
      allOf: [inner],
    })) as object),
    multipleOf: 1,
  }),
  "properties that are required": under({
    default: named(4500, (i) => `k${i}`, 0),
    properties: named(4500, (i) => `k${i}`, true),
    required: times(9000, (i) => `k${4500 + i}`),
  }),
  "a schema of many parts": under({ default: 1, allOf: times(50_000, () => true) }),
};

for (const [title, schema] of Object.entries(costly)) {
  t.test(`a schema that would keep everybody waiting is refused in no time: ${title}`, async (t) => {
    await t.rejects(check(under({ type: "string" }), { a: 1 }), "the validator is loaded");
    const began = performance.now() - runDelay();
    await t.rejects(check(schema, null), { message: /^expected a (config )?schema/ });
    const took = performance.now() - runDelay() - began;
    t.ok(took < longest, `took ${took.toFixed()} ms`);
  });
}

t.test("names that lead to nothing cost nothing", async (t) => {
  const anchors = { $id: "a:b", $defs: named(4000, (i) => `d${i}`, { $dynamicAnchor: "x" }) };
  const began = performance.now() - runDelay();
  t.same(await check({ ...under({ default: 1 }), ...anchors, multipleOf: 1 }, null), { a: 1 });
  t.same(await check({ type: "object", properties: "x".repeat(400_000) }, null), {});
  const took = performance.now() - runDelay() - began;
  t.ok(took < longest, `took ${took.toFixed()} ms`);
});

t.test("what says nothing of a value costs nothing, at however many values", async (t) => {
  for (const items of [
    { "x-note": named(10_000, (i) => `a${i}`, 0) },
    { title: named(10_000, (i) => `a${i}`, 0) },
    { $defs: named(10_000, (i) => `a${i}`, {}), multipleOf: 1 },
  ]) {
    const began = performance.now() - runDelay();
    await t.resolves(check(under({ default: times(1000, () => ({})), items }), null));
    const took = performance.now() - runDelay() - began;
    t.ok(took < longest, `took ${took.toFixed()} ms`);
  }
});

const text = { type: "string", title: "A text", description: "of an operator", minLength: 1, maxLength: 64 };
const countries = times(250, (i) => `country ${i}`);
const shapes = times(5, (i) => ({
  type: "object",
  properties: { kind: { const: `kind ${i}` }, [`of${i}`]: text, rate: { type: "number", minimum: 0 } },
  required: ["kind", `of${i}`],
  additionalProperties: false,
}));

/** Configs that are large because there is much to say, each with a schema that is as they are in the field. */
const large: Readonly<Record<string, readonly [schema: object, config: unknown]>> = {
  "a country for each of many names": [
    { type: "object", additionalProperties: { type: "string", enum: countries } },
    named(20_000, (i) => `name${i}`, countries[249]),
  ],
  "a country for each of many names, with a keyword that is not common": [
    { type: "object", minProperties: 1, additionalProperties: { type: "string", enum: countries } },
    named(3000, (i) => `name${i}`, countries[249]),
  ],
  "countries that are a list": [
    { type: "array", items: { type: "string", enum: countries } },
    times(20_000, (i) => countries[i % 250]),
  ],
  "routes with properties of their own": [
    {
      type: "object",
      additionalProperties: {
        type: "object",
        properties: Object.fromEntries([
          ...times(5, (i) => [`text${i}`, { ...text, pattern: "^[a-z0-9]+$" }]),
          ...times(3, (i) => [`mode${i}`, { enum: ["off", "lax", "strict"], default: "lax" }]),
          ...times(2, (i) => [`rate${i}`, { type: "number", minimum: 0, maximum: 100 }]),
        ]),
        required: ["text0"],
        additionalProperties: false,
      },
    },
    Object.fromEntries(
      times(5000, (i) => [
        `/route/${i}`,
        {
          ...Object.fromEntries(times(5, (each) => [`text${each}`, `t${i}${each}`])),
          ...{ mode0: "lax", mode1: "strict", mode2: "off", rate0: 1, rate1: 2 },
        },
      ]),
    ),
  ],
  addresses: [
    { type: "array", uniqueItems: true, items: { type: "string", pattern: "^[0-9.]+$", maxLength: 15 } },
    times(20_000, (i) => `10.0.${i >> 8}.${i & 255}`),
  ],
  "users with roles": [
    {
      type: "array",
      items: {
        type: "object",
        properties: {
          name: text,
          roles: { type: "array", items: { enum: times(50, (i) => `role ${i}`) } },
          plan: { anyOf: times(20, (i) => ({ const: `plan ${i}` })) },
        },
        required: ["name"],
      },
    },
    times(3000, (i) => ({ name: `user ${i}`, roles: ["role 3", `role ${i % 50}`], plan: `plan ${i % 20}` })),
  ],
  "objects of several shapes": [
    { type: "array", items: { oneOf: shapes } },
    times(2000, (i) => ({ kind: `kind ${i % 5}`, [`of${i % 5}`]: `t${i}`, rate: 5 })),
  ],
};

for (const [title, [schema, config]] of Object.entries(large)) {
  t.test(`a large config of an operator is taken: ${title}`, async (t) => {
    const before = process.cpuUsage();
    await t.resolves(check({ type: "object", properties: { a: schema } }, { a: config }));
    const { user, system } = process.cpuUsage(before);
    t.ok(user + system < 1_000_000, `took ${((user + system) / 1000).toFixed()} ms of CPU`);
  });
}

t.test("an operator's config may be as large as it has to be", async (t) => {
  const entry = {
    type: "object",
    properties: {
      plan: { enum: ["free", "paid"], default: "free" },
      rate: { type: "number", minimum: 0 },
      hosts: { type: "array", items: { type: "string", pattern: "^[a-z.]+$" } },
    },
    required: ["rate"],
    additionalProperties: false,
  };
  const schema = { type: "object", patternProperties: { "^.*$": entry } };
  const written = named(10_000, (i) => `key-${i}`, { rate: 5, hosts: ["a.test"] });
  const filled = (await check(schema, written)) as Record<string, unknown>;
  t.same(filled["key-9999"], { plan: "free", rate: 5, hosts: ["a.test"] });
  await t.rejects(check(schema, { ...written, last: { rate: "5" } }), {
    message: "config/last/rate must be number",
  });
  const denied = {
    type: "object",
    properties: { denied: { type: "array", items: { pattern: "^[0-9.]+$" } } },
  };
  await t.resolves(check(denied, { denied: times(20_000, (i) => `10.0.${i >> 8}.${i & 255}`) }));
});

t.test("many properties that there are not are told, too", async (t) => {
  const strangers = named(12, (i) => `stranger${i}`, 1);
  await t.rejects(check(gate, { key: "k", ...strangers }), /config\/stranger0 /);
});
