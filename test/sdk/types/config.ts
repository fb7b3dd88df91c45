/** `ctx.config` has the type that the schema describes. The compiler is the judge: this file compiles, or does not. */
import { type ConfigOf, definePlugin } from "../../../sdk/index.ts";
import { type Equal, expectType } from "./equal.ts";

definePlugin({
  config: {
    type: "object",
    properties: {
      header: { type: "string", default: "x-tenant" },
      tries: { type: "integer" },
      ratio: { type: "number" },
      strict: { type: "boolean" },
      note: { type: ["string", "null"] },
      nothing: { type: "null" },
    },
    required: ["tries"],
    additionalProperties: false,
  },
  setup(config) {
    expectType<
      Equal<
        typeof config,
        {
          readonly header: string;
          readonly tries: number;
          readonly ratio?: number;
          readonly strict?: boolean;
          readonly note?: string | null;
          readonly nothing?: null;
        }
      >
    >();
  },
  onRequest(_request, ctx) {
    expectType<Equal<typeof ctx.config.header, string>>();
    // @ts-expect-error: the schema has no such property
    ctx.config.heder;
    // @ts-expect-error: all requests share the config
    ctx.config.header = "x-other";
  },
});

definePlugin({
  config: {
    type: "object",
    properties: {
      mode: { enum: ["fast", "safe"], default: "safe" },
      version: { const: 2, default: 2 },
      paths: { type: "array", items: { type: "string" }, default: [] },
      pair: {
        type: "array",
        prefixItems: [{ type: "string" }, { type: "number" }],
        items: false,
        minItems: 2,
        default: ["a", 1],
      },
      anything: { default: null },
      server: {
        type: "object",
        properties: { host: { type: "string" }, port: { type: "integer", default: 443 } },
        required: ["host"],
      },
      weights: { type: "object", additionalProperties: { type: "number" }, default: {} },
      free: { type: "object", default: {} },
    },
  },
  onRequest(_request, { config }) {
    expectType<Equal<typeof config.mode, "fast" | "safe">>();
    expectType<Equal<typeof config.version, 2>>();
    expectType<Equal<typeof config.paths, readonly string[]>>();
    expectType<Equal<typeof config.pair, readonly [string, number]>>();
    expectType<Equal<typeof config.anything, unknown>>();
    expectType<Equal<typeof config.server, { readonly host: string; readonly port: number } | undefined>>();
    expectType<Equal<typeof config.weights, { readonly [name: string]: number }>>();
    expectType<Equal<typeof config.free, { readonly [name: string]: unknown }>>();
  },
});

definePlugin({
  config: {
    type: "object",
    properties: {
      source: {
        oneOf: [
          {
            type: "object",
            properties: { kind: { const: "header" }, name: { type: "string" } },
            required: ["kind", "name"],
          },
          { type: "object", properties: { kind: { const: "address" } }, required: ["kind"] },
        ],
        default: { kind: "address" },
      },
      limit: { anyOf: [{ type: "number" }, { type: "string" }], default: 1 },
      both: {
        allOf: [
          { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
          { type: "object", properties: { b: { type: "number" } }, required: ["b"] },
        ],
        default: { a: "", b: 0 },
      },
    },
  },
  onRequest(_request, { config }) {
    expectType<
      Equal<
        typeof config.source,
        { readonly kind: "header"; readonly name: string } | { readonly kind: "address" }
      >
    >();
    if (config.source.kind === "header") config.source.name satisfies string;
    expectType<Equal<typeof config.limit, number | string>>();
    expectType<Equal<typeof config.both, { readonly a: string; readonly b: number }>>();
  },
});

definePlugin({
  onRequest(_request, ctx) {
    // @ts-expect-error: a plugin without a schema takes no config
    ctx.config.header;
  },
});

definePlugin({
  // @ts-expect-error: JSON Schema has no such type
  config: { type: "object", properties: { header: { type: "text" } } },
});

expectType<Equal<ConfigOf<{ properties: { a: { type: "string" } } }>, { readonly a?: string }>>();
expectType<Equal<ConfigOf<{ type: "string"; enum: ["a"] }>, "a">>();
expectType<Equal<ConfigOf<{ $ref: "#/elsewhere" }>, unknown>>();
expectType<Equal<ConfigOf<true>, unknown>>();
expectType<Equal<ConfigOf<false>, never>>();
expectType<
  Equal<ConfigOf<{ type: "array"; prefixItems: [{ type: "string" }] }>, readonly [string?, ...unknown[]]>
>();
expectType<
  Equal<
    ConfigOf<{
      type: "object";
      properties: { a: { type: "string" } };
      anyOf: [{ required: ["a"] }, { minProperties: 2 }];
    }>,
    { readonly a?: string }
  >
>();

type Open = ConfigOf<{
  type: "object";
  properties: { a: { type: "number" }; b: { type: "boolean"; default: true } };
  additionalProperties: { type: "string" };
}>;
declare const open: Open;
expectType<Equal<typeof open.a, number | undefined>>();
expectType<Equal<typeof open.b, boolean>>();
expectType<Equal<(typeof open)["c"], string | number | boolean | undefined>>();
