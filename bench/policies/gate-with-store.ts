import { definePlugin } from "../../sdk/index.ts";

/** The gate with one read of the key-value store that it waits for. */
export default definePlugin({
  config: { type: "object", properties: { key: { type: "string" } }, required: ["key"] },
  capabilities: { kv: true },
  async onRequest(request, ctx) {
    if (request.headers.get("x-api-key") !== ctx.config.key) {
      return Response.json({ title: "key missing or wrong" }, { status: 401 });
    }
    let tenant = await ctx.kv.get<string>("tenant");
    if (tenant === undefined) {
      tenant = "acme";
      await ctx.kv.set("tenant", tenant);
    }
    request.headers.set("x-tenant", tenant);
  },
  onResponse(response) {
    response.headers.set("x-policy", "seen");
  },
});
