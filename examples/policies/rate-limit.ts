/** Lets each client send so many requests in a window of time. */
import { definePlugin } from "sluice/sdk";

export default definePlugin({
  description: "Answers 429 to clients that send too many requests",
  config: {
    type: "object",
    properties: {
      requests: { type: "integer", minimum: 1 },
      /** In seconds. */
      window: { type: "number", exclusiveMinimum: 0, default: 60 },
      /** The field that tells clients apart; without it, their address does. */
      header: { type: "string" },
    },
    required: ["requests"],
    additionalProperties: false,
  },
  capabilities: { kv: true },
  state: () => ({ left: 0 }),

  async onRequest(request, { config, client, kv, state }) {
    const named = config.header === undefined ? null : request.headers.get(config.header);
    // Of a value that may be of any length, the hash.
    const key = named === null ? client.address : await sha256(named);
    // The window begins with a client's first request, and its counter is gone when it ends.
    const count = await kv.increment(key, 1, { ttl: config.window });
    state.left = config.requests - count;
    if (count <= config.requests) return;
    return Response.json(
      { title: "Too many requests", status: 429 },
      {
        status: 429,
        headers: { "retry-after": String(Math.ceil(config.window)), ...limitFields(config.requests, 0) },
      },
    );
  },

  onResponse(response, { config, state }) {
    for (const [name, value] of Object.entries(limitFields(config.requests, state.left)))
      response.headers.set(name, value);
  },
});

function limitFields(limit: number, left: number): Record<string, string> {
  return { "x-ratelimit-limit": String(limit), "x-ratelimit-remaining": String(left) };
}

async function sha256(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
