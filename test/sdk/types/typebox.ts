/** A typebox schema gives `ctx.config` the type that typebox itself gives it, which the SDK does not import. */
import { type Static, Type } from "typebox";
import { definePlugin } from "../../../sdk/index.ts";
import { type Equal, expectType } from "./equal.ts";

const schema = Type.Object({
  header: Type.String({ default: "x-tenant" }),
  tries: Type.Optional(Type.Integer()),
  mode: Type.Union([Type.Literal("fast"), Type.Literal("safe")]),
  level: Type.Enum(["low", "high"]),
  paths: Type.Array(Type.String()),
  pair: Type.Tuple([Type.String(), Type.Number()]),
  weights: Type.Record(Type.String(), Type.Number()),
  nested: Type.Object({ on: Type.Boolean(), off: Type.Optional(Type.Null()) }),
  both: Type.Intersect([Type.Object({ a: Type.String() }), Type.Object({ b: Type.Number() })]),
  claimed: Type.Unsafe<{ readonly own: true }>({ type: "object" }),
  any: Type.Unknown(),
});

type Own = Static<typeof schema>;

definePlugin({
  config: schema,
  onRequest(_request, { config }) {
    expectType<Equal<keyof typeof config, keyof Own>>();
    expectType<Equal<typeof config.header, string>>();
    expectType<Equal<typeof config.tries, number | undefined>>();
    expectType<Equal<typeof config.mode, Own["mode"]>>();
    expectType<Equal<typeof config.level, Own["level"]>>();
    expectType<Equal<typeof config.paths, readonly string[]>>();
    expectType<Equal<typeof config.pair, readonly [string, number]>>();
    expectType<Equal<typeof config.weights, { readonly [name: string]: number }>>();
    expectType<Equal<typeof config.nested, { readonly on: boolean; readonly off?: null }>>();
    expectType<Equal<typeof config.both, { readonly a: string; readonly b: number }>>();
    expectType<Equal<typeof config.claimed, { readonly own: true }>>();
    expectType<Equal<typeof config.any, unknown>>();
    // @ts-expect-error: the schema has no such property
    config.heder;
  },
});

declare const own: Own;
/** Values of typebox's own type fit. */
definePlugin({
  config: schema,
  setup(config) {
    const given: typeof config = own;
    given satisfies Readonly<Own> | typeof config;
  },
});
