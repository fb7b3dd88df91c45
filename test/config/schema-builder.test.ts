import t from "tap";
import Typebox from "typebox";
import { Type } from "../../core/config/schema/builder.ts";

/** The same schema by either builder, as the JSON that it is. */
function made(builder: typeof Type): unknown {
  const named = builder.Object({ name: builder.String({ minLength: 1 }) });
  const schema = builder.Object(
    {
      list: builder.Array(named, { minItems: 1 }),
      on: builder.Optional(builder.Boolean({ default: true })),
      mode: builder.Optional(builder.Enum(["a", "b"], { description: "Mode." })),
      count: builder.Union([
        builder.Integer({ minimum: 1 }),
        builder.Literal("auto"),
        builder.Literal(false),
      ]),
      more: builder.Optional(builder.Record(builder.String(), builder.Unknown(), { description: "More." })),
      share: builder.Optional(builder.Number({ minimum: 0, maximum: 1 })),
      again: builder.Optional(named),
      none: builder.Optional(builder.Object({})),
    },
    { additionalProperties: false },
  );
  return JSON.parse(JSON.stringify(schema));
}

t.test("a schema is the one that typebox makes", async (t) => {
  t.same(made(Type), made(Typebox));
});

t.test("a schema that is optional in one place is required in another", async (t) => {
  const part = Type.String();
  t.same(Type.Object({ a: Type.Optional(part), b: part }).required, ["b"]);
});
