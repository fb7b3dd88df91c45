import type { ExchangeCheck } from "./check.ts";

const ada = `{ subject: "ada lovelace é \\u0001", method: "test", claims: { a: [1, " "] }, scopes: ["r", "w"], groups: [] }`;
const assigns = (value: string) =>
  `capabilities: { identity: true }, onRequest(request, ctx) { ctx.identity = ${value}; }`;
const tells = "onRequest(request, ctx) { return Response.json(ctx.identity); }";

export const identityChecks: readonly ExchangeCheck[] = [
  {
    title: "ctx.identity is null while nobody said who it is",
    plugin: tells,
    gets: { json: null },
  },
  {
    title: "ctx.identity is what a policy before assigned",
    plugin: { "a.ts": assigns(ada), "b.ts": tells },
    gets: {
      json: {
        subject: "ada lovelace é \u0001",
        method: "test",
        claims: { a: [1, " "] },
        scopes: ["r", "w"],
        groups: [],
      },
    },
  },
  {
    title: "ctx.identity is what the policy itself assigned, in its later phases too",
    plugin: `${assigns(ada)}, onResponse(response, ctx) { response.headers.set("x-who", ctx.identity.scopes.join()); }`,
    gets: { fields: { "x-who": "r,w" } },
  },
  {
    title: "ctx.identity can be taken back",
    plugin: { "a.ts": assigns(ada), "b.ts": assigns("null"), "c.ts": tells },
    gets: { json: null },
  },
  {
    title: "An object that a policy got is a copy",
    plugin: {
      "a.ts": assigns(ada),
      "b.ts": 'onRequest(request, ctx) { ctx.identity.scopes.push("admin"); }',
      "c.ts": "onRequest(request, ctx) { return Response.json(ctx.identity.scopes); }",
    },
    gets: { json: ["r", "w"] },
  },
  {
    title: "An identity without the capability is a fault",
    plugin: { "a.ts": `onRequest(request, ctx) { ctx.identity = ${ada}; }`, "b.ts": tells },
    gets: { status: 500 },
  },
  {
    title: "An identity that is assigned in onResponse is a fault",
    plugin: `capabilities: { identity: true }, onResponse(response, ctx) { ctx.identity = ${ada}; }`,
    gets: { status: 500 },
  },
  ...[
    ["no subject", `{ ...${ada}, subject: "" }`],
    ["scopes that are no texts", `{ ...${ada}, scopes: [1] }`],
    ["claims that are a list", `{ ...${ada}, claims: [] }`],
    ["a text", '"ada"'],
    ["more than 32 KiB", `{ ...${ada}, claims: { long: "x".repeat(40000) } }`],
  ].map(
    ([what, value]): ExchangeCheck => ({
      title: `An identity with ${what} is a fault`,
      plugin: { "a.ts": assigns(value!), "b.ts": tells },
      gets: { status: 500 },
    }),
  ),
];
