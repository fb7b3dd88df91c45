import { execFileSync } from "node:child_process";
import t from "tap";
import { checkPolicyConfig } from "../../core/policy/policy-config.ts";

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
  t.same(await checkPolicyConfig(gate, { key: "k" }), { key: "k", mode: "strict", paths: [] });
});

t.test("a plugin without a schema takes no config", async (t) => {
  t.same(await checkPolicyConfig(null, null), {});
  t.same(await checkPolicyConfig(null, {}), {});
  await t.rejects(checkPolicyConfig(null, { key: "k" }), /expected no config/);
});

t.test("each mismatch is named with its place", async (t) => {
  await t.rejects(checkPolicyConfig(gate, { mode: "odd", paths: ["/a", 2], more: true }), {
    message: [
      "config must have required properties key",
      "config must not have additional properties",
      "config/mode must be equal to one of the allowed values: strict, lax",
      "config/paths/1 must be string",
    ].join("; "),
  });
});

t.test("a config that fits in a way that is not plain is taken, too", async (t) => {
  const schema = { type: "object", properties: { step: { multipleOf: 5 }, name: { maxLength: 3 } } };
  t.same(await checkPolicyConfig(schema, { step: 15, name: "\u{1F468}\u200D\u{1F469}" }), {
    step: 15,
    name: "\u{1F468}\u200D\u{1F469}",
  });
  await t.rejects(checkPolicyConfig(schema, { step: 16 }), /config\/step must be multiple of 5/);
});

t.test("a schema that refers to parts of itself is refused even where the config fits", async (t) => {
  const schema = { type: "object", properties: { next: { $ref: "#" } } };
  await t.rejects(checkPolicyConfig(schema, {}), /expected a schema without \$ref/);
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

t.test("a pattern that nobody would look at is refused", async (t) => {
  const inBranch = { anyOf: [{ const: false }, { type: "string", pattern: "^a$" }] };
  for (const schema of [
    { properties: { x: inBranch } },
    { properties: { x: { not: { pattern: "b" } } } },
    { propertyNames: { pattern: "^a" } },
    { patternProperties: { "^a": { type: "string" } } },
    { if: { properties: { x: { pattern: "a" } } } },
  ]) {
    await t.rejects(checkPolicyConfig({ type: "object", ...schema }, {}), {
      message: /^expected patterns of properties, items or allOf/,
    });
  }
  for (const schema of [
    { properties: { pattern: { type: "string" }, patternProperties: { type: "string" } } },
    {
      properties: { x: { ...inBranch, anyOf: [{ const: false }, { type: "string" }] }, y: { pattern: "b" } },
    },
    { allOf: [{ properties: { x: { items: { pattern: "a" } } } }] },
    { properties: { x: { enum: [{ pattern: "a" }] } } },
  ]) {
    t.same(await checkPolicyConfig({ type: "object", ...schema }, {}), {});
  }
});
