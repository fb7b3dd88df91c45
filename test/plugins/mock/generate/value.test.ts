import fc from "fast-check";
import t from "tap";
import { Random } from "../../../../plugins/mock/generate/random.ts";
import { generated } from "../../../../plugins/mock/generate/value.ts";
import type { Json, JsonObject } from "../../../../plugins/shared/json/json.ts";
import { validator } from "../../../../plugins/validate/schema/validator.ts";

const make = (schema: Json, seed = "a", document: Json = {}) => generated(schema, document, new Random(seed));

function fits(schema: JsonObject, value: Json): boolean {
  const validate = validator(schema, { formats: true, maxErrors: 1, maxSteps: 100_000, documents: {} });
  return validate(value, []).length === 0;
}

const count = fc.integer({ min: 0, max: 4 });
const text = fc.record(
  {
    type: fc.constant("string"),
    minLength: count,
    maxLength: fc.integer({ min: 4, max: 60 }),
    format: fc.constantFrom(
      "date-time",
      "date",
      "time",
      "uuid",
      "email",
      "hostname",
      "ipv4",
      "ipv6",
      "uri",
      "duration",
    ),
  },
  { requiredKeys: ["type"] },
);
const bounded = fc
  .tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 50 }), fc.constantFrom(1, 2, 0.5, 3))
  .map(([least, width, step]) => ({ minimum: least, maximum: least + width + 6, multipleOf: step }));
const { schema } = fc.letrec<{ schema: JsonObject }>((tie) => ({
  schema: fc.oneof(
    { depthSize: "small" },
    text.filter(
      ({ format, maxLength, minLength = 0 }) =>
        format === undefined || (minLength === 0 && maxLength === undefined),
    ),
    fc.constantFrom(
      { type: "string", pattern: "^[A-Z]{2}-\\d{3,5}$" },
      { type: "string", pattern: "^(a|bc)+[^x]$", maxLength: 12 },
      { type: "string", pattern: "\\d" },
    ),
    bounded.map((bounds) => ({ type: "integer", ...bounds })),
    bounded.map((bounds) => ({ type: "number", ...bounds })),
    bounded.map(({ minimum, maximum }) => ({
      type: "number",
      exclusiveMinimum: minimum,
      exclusiveMaximum: maximum,
    })),
    fc.constantFrom<JsonObject>(
      { type: "boolean" },
      { type: "null" },
      { const: { a: 1 } },
      { enum: [1, "a", null] },
      { type: ["string", "null"] },
    ),
    fc.record({
      type: fc.constant("array"),
      items: tie("schema"),
      minItems: count,
      uniqueItems: fc.constant(false),
    }),
    fc
      .tuple(fc.dictionary(fc.constantFrom("a", "b", "c"), tie("schema")), fc.subarray(["a", "b", "d"]))
      .map(([properties, required]) => ({ type: "object", properties, required })),
    fc.tuple(tie("schema"), tie("schema")).map(([one, other]) => ({
      oneOf: [
        { type: "object", required: ["k"], properties: { k: one } },
        { type: "array", prefixItems: [other], minItems: 1 },
      ],
    })),
    fc.tuple(tie("schema"), tie("schema")).map(([one, other]) => ({
      allOf: [
        { type: "object", properties: { a: one }, required: ["a"] },
        { type: "object", properties: { b: other }, required: ["b"] },
      ],
    })),
  ) as fc.Arbitrary<JsonObject>,
}));

t.test("what is made fits its schema, and is the same for the same seed", async () => {
  fc.assert(
    fc.property(schema, fc.string(), (schema, seed) => {
      const value = make(schema, seed);
      return fits(schema, value) && JSON.stringify(make(schema, seed)) === JSON.stringify(value);
    }),
    { numRuns: 500 },
  );
});

t.test("another seed makes another value", async (t) => {
  const schema = {
    type: "object",
    properties: { id: { type: "string", format: "uuid" }, n: { type: "integer" } },
  };
  t.notSame(make(schema, "a"), make(schema, "b"));
});

t.test("what a schema gives is taken", async (t) => {
  t.equal(make({ type: "string", example: "e", default: "d" }), "e");
  t.equal(make({ type: "string", examples: ["one", "two"] }), "one");
  t.equal(make({ type: "string", default: "d" }), "d");
  t.equal(make({ const: null }), null);
});

t.test("references lead within the document, and members that only requests have are left out", async (t) => {
  const document = {
    components: {
      schemas: {
        Pet: { type: "object", properties: { name: { const: "Rex" }, secret: { writeOnly: true } } },
      },
    },
  };
  t.same(make({ $ref: "#/components/schemas/Pet" }, "a", document), { name: "Rex" });
  t.throws(() => make({ $ref: "#/nowhere" }), { message: /leads to nothing/ });
  t.throws(() => make({ $ref: "https://example.com/schema" }), { message: /leads to nothing/ });
});

t.test("a schema that refers to itself comes to an end, or is refused", async (t) => {
  const document = {
    tree: {
      type: "object",
      properties: { next: { $ref: "#/tree" }, all: { type: "array", items: { $ref: "#/tree" } } },
    },
    endless: { type: "object", required: ["next"], properties: { next: { $ref: "#/endless" } } },
    circle: { $ref: "#/circle" },
    bush: { type: "array", minItems: 50, items: { $ref: "#/bush" } },
  };
  t.ok(JSON.stringify(make({ $ref: "#/tree" }, "a", document)).length < 10_000);
  t.throws(() => make({ $ref: "#/endless" }, "a", document), { message: "it never ends" });
  t.throws(() => make({ $ref: "#/circle" }, "a", document), { message: /in a circle/ });
  t.throws(() => make({ $ref: "#/bush" }, "a", document), { message: /never ends|more than 5000 values/ });
});

t.test("a schema that asks for too much, or for nothing that there is, is refused", async (t) => {
  t.throws(() => make({ type: "array", minItems: 1_000_000_000 }), { message: /more than 5000 values/ });
  t.throws(() => make({ type: "object", minProperties: 1_000_000_000 }), {
    message: /more than 5000 values/,
  });
  t.throws(() => make({ type: "string", minLength: 1_000_000_000 }), { message: /no text has at least/ });
  t.throws(() => make({ type: "string", pattern: "^(?:a{1000}){1000}$" }), { message: /no text of/ });
  t.throws(() => make({ type: "integer", minimum: 2, maximum: 1 }), { message: /no number lies/ });
  t.throws(() => make({ type: "array", minItems: 3, uniqueItems: true, items: { enum: [1, 2] } }), {
    message: /no 3 items that differ/,
  });
  t.throws(() => make({ enum: [] }), { message: /no value/ });
  t.throws(() => make(false), { message: /nothing fits/ });
});

t.test("numbers keep to bounds that lie close together", async (t) => {
  t.equal(make({ type: "number", minimum: 0.1, maximum: 0.12 }), 0.11);
  t.equal(make({ type: "integer", minimum: 5, maximum: 5 }), 5);
  t.equal(make({ type: "integer", multipleOf: 2.5, minimum: 4, maximum: 6 }), 5);
});
