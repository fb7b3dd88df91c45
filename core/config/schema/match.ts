/** Which requests a route takes, beside host, path and method: conditions on values that clients send. */
import { type Static, Type } from "./builder.ts";
import { closed, expected } from "./terms.ts";

const value = Type.Union(
  [
    Type.String(),
    Type.Literal(true),
    Type.Object({ prefix: Type.String({ minLength: 1 }) }, closed),
    Type.Object({ oneOf: Type.Array(Type.String(), { minItems: 1 }) }, closed),
  ],
  expected("a text, true for any value, { prefix: TEXT } or { oneOf: [TEXT, ...] }"),
);

/** Name to what its value must be; all must hold. */
export function conditions(description: string) {
  return Type.Optional(Type.Record(Type.String(), value, { description }));
}

export type ConditionsInFile = Readonly<Record<string, Static<typeof value>>>;
