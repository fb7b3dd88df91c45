import type { ExchangeCheck } from "./check.ts";

const schema = `config: { type: "object", properties: {
    name: { type: "string", default: "nobody" },
    deep: { type: "object", default: {}, properties: { list: { type: "array", items: { type: "number" }, default: [1, 2] } } },
  }, additionalProperties: false },`;

export const instanceChecks: readonly ExchangeCheck[] = [
  {
    title: "The defaults of a config are filled in, also inside of objects",
    plugin: `${schema} onRequest(request, ctx) { return Response.json(ctx.config); }`,
    gets: { json: { name: "nobody", deep: { list: [1, 2] } } },
  },
  {
    title: "Names of a config may be patterns, and their values have defaults",
    plugin:
      'config: { type: "object", patternProperties: { "^[a-z]+$": { type: "object", properties: { n: { type: "number", default: 5 } } } } }, onRequest(request, ctx) { return Response.json(ctx.config); }',
    settings: { config: { a: {}, b: { n: 1 } } },
    gets: { json: { a: { n: 5 }, b: { n: 1 } } },
  },
  {
    title: "A config overrides its defaults",
    plugin: `${schema} onRequest(request, ctx) { return Response.json(ctx.config); }`,
    settings: { config: { name: "me" } },
    gets: { json: { name: "me", deep: { list: [1, 2] } } },
  },
  {
    title: "A config is frozen, at every depth",
    plugin: `${schema} onRequest(request, ctx) { const out = []; for (const write of [() => { ctx.config.name = "x"; }, () => { ctx.config.deep.list.push(3); }, () => { delete ctx.config.name; }]) try { write(); out.push("written"); } catch (error) { out.push(error.name); } return Response.json([out, ctx.config]); }`,
    gets: {
      json: [["TypeError", "TypeError", "TypeError"], { name: "nobody", deep: { list: [1, 2] } }],
    },
  },
  {
    title: "ctx.config is the same object in every request and in setup",
    plugin:
      'const seen = new WeakMap(); export default { setup(config) { seen.set(config, "set up"); }, onRequest(request, ctx) { return new Response(seen.get(ctx.config)); } };',
    steps: [{ gets: { body: "set up" } }, { gets: { body: "set up" } }],
  },
  {
    title: "A plugin without a schema has an empty config",
    plugin: "onRequest(request, ctx) { return Response.json(ctx.config); }",
    gets: { json: {} },
  },
  {
    title: "setup gets the variables that are granted",
    plugin:
      'let token; export default { capabilities: { env: ["TOKEN", "UNSET"] }, setup(config, host) { token = [host.env("TOKEN"), host.env("UNSET"), host.name]; }, onRequest() { return Response.json(token); } };',
    environment: { TOKEN: "t0ken", OTHER: "x" },
    gets: { json: ["t0ken", null, "p"] },
  },
  {
    title: "setup gets no variable that is not declared",
    plugin:
      'let got; export default { capabilities: { env: ["TOKEN"] }, setup(config, host) { try { got = String(host.env("OTHER")); } catch (error) { got = error.name; } }, onRequest() { return new Response(got); } };',
    environment: { TOKEN: "t0ken", OTHER: "x" },
    gets: { body: "TypeError" },
  },
  {
    title: "setup has log, metrics and kv",
    plugin:
      'capabilities: { kv: true }, async setup(config, host) { host.log.info("set up"); host.metrics.counter("setups"); await host.kv.set("from", "setup"); }, async onRequest(request, ctx) { return new Response(await ctx.kv.get("from")); }',
    gets: { body: "setup" },
    logs: ["info set up"],
    counts: ["counter p setups 1"],
  },
  {
    title: "setup may wait for timers and hashes",
    plugin:
      'let ready = ""; export default { async setup() { await new Promise((r) => setTimeout(r, 5)); ready = String((await crypto.subtle.digest("SHA-256", new Uint8Array(1))).byteLength); }, onRequest() { return new Response(ready); } };',
    gets: { body: "32" },
  },
];
