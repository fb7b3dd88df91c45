import { definePlugin } from "../../sdk/index.ts";

/** What every rival of the row `policy` does too: look at a key, mark the request, mark the response. */
export default definePlugin({
  config: { type: "object", properties: { key: { type: "string" } }, required: ["key"] },
  onRequest(request, ctx) {
    if (request.headers.get("x-api-key") !== ctx.config.key) {
      return Response.json({ title: "key missing or wrong" }, { status: 401 });
    }
    request.headers.set("x-tenant", "acme");
  },
  onResponse(response) {
    response.headers.set("x-policy", "seen");
  },
});
