export default {
  config: {
    type: "object",
    properties: { header: { type: "string", default: "x-tenant" } },
    additionalProperties: false,
  },
  onRequest(request, ctx) {
    request.headers.set("x-seen", request.headers.get(ctx.config.header) ?? "nobody");
  },
};
