/**
 * The parts of typebox's `Type` that the schema of the config file is made with. They are typed as typebox's own,
 * so `Static` reads them; typebox's builder would take 10 MB of the control process and 50 ms of each start.
 */
import type TypeboxType from "typebox";

export type { Static, TSchema } from "typebox";

type Fields = Readonly<Record<string, unknown>>;

/** Schemas of properties that may be absent. */
const optional = new WeakSet<Fields>();

const builder = {
  Array: (items: Fields, options?: Fields) => ({ type: "array", items, ...options }),
  Boolean: (options?: Fields) => ({ type: "boolean", ...options }),
  Enum: (values: readonly string[], options?: Fields) => ({ enum: values, ...options }),
  Integer: (options?: Fields) => ({ type: "integer", ...options }),
  Literal: (value: unknown, options?: Fields) => ({ type: typeof value, const: value, ...options }),
  Number: (options?: Fields) => ({ type: "number", ...options }),
  Object(properties: Readonly<Record<string, Fields>>, options?: Fields) {
    const required = Object.keys(properties).filter((name) => !optional.has(properties[name]!));
    return { type: "object", ...(required.length > 0 && { required }), properties, ...options };
  },
  Optional(schema: Fields) {
    const copy = { ...schema };
    optional.add(copy);
    return copy;
  },
  Record: (_names: Fields, values: Fields, options?: Fields) => ({
    type: "object",
    patternProperties: { "^.*$": values },
    ...options,
  }),
  String: (options?: Fields) => ({ type: "string", ...options }),
  Union: (anyOf: readonly Fields[], options?: Fields) => ({ anyOf, ...options }),
  Unknown: (options?: Fields) => ({ ...options }),
};

/**
 * Makes JSON Schema. The names of a `Record` are any text.
 *
 * @example
 * const limits = Type.Object({ body: Type.Optional(Type.Integer({ minimum: 0 })) });
 * type Limits = Static<typeof limits>; // { body?: number }
 */
export const Type = builder as unknown as Pick<typeof TypeboxType, keyof typeof builder>;
