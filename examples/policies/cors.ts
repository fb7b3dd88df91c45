/** Lets pages of other origins call the service (https://fetch.spec.whatwg.org/#http-cors-protocol). */
import { definePlugin } from "sluice/sdk";

export default definePlugin({
  description: "Answers preflight requests by itself and marks responses for the origins that are allowed",
  config: {
    type: "object",
    properties: {
      origins: { type: "array", items: { type: "string" } },
      methods: { type: "array", items: { type: "string" }, default: ["GET", "POST", "PUT", "DELETE"] },
      headers: { type: "array", items: { type: "string" }, default: ["content-type", "authorization"] },
      /** How long a browser may keep the answer, in seconds. */
      maxAge: { type: "integer", default: 600 },
    },
    required: ["origins"],
    additionalProperties: false,
  },
  state: () => ({ origin: null as string | null }),

  onRequest(request, { config, state }) {
    const origin = request.headers.get("origin");
    if (origin !== null && config.origins.includes(origin)) state.origin = origin;
    const isPreflight = request.method === "OPTIONS" && request.headers.has("access-control-request-method");
    if (!isPreflight || origin === null) return;
    if (state.origin === null) return new Response(null, { status: 403 });
    return new Response(null, {
      status: 204,
      headers: {
        "access-control-allow-origin": state.origin,
        vary: "origin",
        "access-control-allow-methods": config.methods.join(", "),
        "access-control-allow-headers": config.headers.join(", "),
        "access-control-max-age": String(config.maxAge),
      },
    });
  },

  onResponse(response, { state }) {
    // A cache must not give the answer for one origin to another.
    response.headers.append("vary", "origin");
    if (state.origin !== null) response.headers.set("access-control-allow-origin", state.origin);
  },
});
