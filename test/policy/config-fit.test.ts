import fc from "fast-check";
import t from "tap";
import { Errors } from "typebox/schema";
import { fitsPlainly } from "../../core/policy/config-fit.ts";

const name = fc.constantFrom("a", "b", "c", "__proto__", "");
const scalar = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, "", "a", "abc", "\u00e9", "\u{1F468}\u200D\u{1F469}"),
  fc.integer({ min: -2, max: 3 }),
  fc.constantFrom(0.5, -0),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(name, tie("value"), { maxKeys: 3 }),
  ),
}));

const typeName = fc.constantFrom("string", "number", "integer", "boolean", "null", "array", "object");
const bound = fc.integer({ min: -1, max: 3 });
const { schema } = fc.letrec<{ schema: unknown; fields: object }>((tie) => ({
  schema: fc.oneof({ depthSize: "small" }, fc.boolean(), tie("fields")),
  fields: fc.record(
    {
      type: fc.oneof(typeName, fc.array(typeName, { maxLength: 3 })),
      const: value,
      enum: fc.array(value, { maxLength: 3 }),
      anyOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }),
      oneOf: fc.array(tie("schema"), { minLength: 1, maxLength: 2 }),
      not: tie("schema"),
      required: fc.array(name, { maxLength: 2 }),
      properties: fc.dictionary(name, tie("schema"), { maxKeys: 3 }),
      additionalProperties: tie("schema"),
      items: fc.oneof(tie("schema"), fc.array(tie("schema"), { maxLength: 2 })),
      minItems: bound,
      maxItems: bound,
      minLength: bound,
      maxLength: bound,
      minimum: bound,
      maximum: bound,
      exclusiveMinimum: bound,
      exclusiveMaximum: bound,
      title: fc.constant("t"),
    },
    { requiredKeys: [] },
  ),
}));

t.test("what plainly fits fits for the validator, too", async (t) => {
  let fitting = 0;
  fc.assert(
    fc.property(schema, value, (schema, value) => {
      if (!fitsPlainly(schema, value)) return true;
      fitting++;
      return Errors(schema as never, value)[0];
    }),
    { numRuns: 5000 },
  );
  t.ok(fitting > 500, "many did");
});

t.test("fields, lists, numbers and texts within their bounds plainly fit", async (t) => {
  const schema = {
    type: "object",
    title: "Limits",
    properties: {
      host: { type: "string", minLength: 1, maxLength: 9 },
      ports: {
        type: "array",
        items: { type: "integer", minimum: 1, maximum: 65535 },
        minItems: 1,
        maxItems: 2,
      },
      share: { anyOf: [{ const: "auto" }, { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 }] },
      mode: { enum: ["a", 1, null] },
    },
    required: ["host"],
    additionalProperties: false,
  };
  t.ok(fitsPlainly(schema, { host: "h", ports: [1, 65535], share: "auto", mode: null }));
  t.ok(fitsPlainly(schema, { host: "localhost", share: 0.5, mode: 1 }));
});

t.test("what does not fit never does plainly", async (t) => {
  const cases: [object, unknown][] = [
    [{ type: "string" }, 1],
    [{ type: "integer" }, 1.5],
    [{ type: "object" }, []],
    [{ type: "array" }, {}],
    [{ const: 1 }, "1"],
    [{ enum: ["a"] }, "b"],
    [{ required: ["a"] }, {}],
    [{ required: ["toString"] }, {}],
    [{ properties: { a: false } }, { a: 1 }],
    [{ properties: { a: {} }, additionalProperties: false }, { b: 1 }],
    [{ items: { type: "string" } }, ["a", 1]],
    [{ minItems: 1 }, []],
    [{ maxItems: 1 }, [1, 2]],
    [{ minLength: 2 }, "a"],
    [{ maxLength: 1 }, "ab"],
    [{ minimum: 1 }, 0],
    [{ maximum: 1 }, 2],
    [{ exclusiveMinimum: 1 }, 1],
    [{ exclusiveMaximum: 1 }, 1],
    [{ anyOf: [{ type: "string" }, { type: "null" }] }, 1],
  ];
  for (const [schema, value] of cases) t.notOk(fitsPlainly(schema, value), JSON.stringify(schema));
});

t.test("a keyword that is not common, or means nothing, is left to the validator", async (t) => {
  for (const schema of [
    { multipleOf: 1 },
    { oneOf: [true] },
    { minimum: "0" },
    { properties: [] },
    { constructor: 1 },
    1,
    null,
  ]) {
    t.notOk(fitsPlainly(schema, 2), JSON.stringify(schema));
  }
});
