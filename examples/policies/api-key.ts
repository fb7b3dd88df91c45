/**
 * Lets in who has an API key, and tells the service who that is.
 *
 * The config holds hashes, so that whoever reads it has no key: `printf %s "$KEY" | sha256sum`.
 */
import { definePlugin } from "sluice/sdk";

export default definePlugin({
  description: "Requests need an API key; the service learns whose it is in X-Client",
  config: {
    type: "object",
    properties: {
      header: { type: "string", default: "x-api-key" },
      clients: {
        type: "array",
        items: {
          type: "object",
          properties: {
            name: { type: "string" },
            sha256: { type: "string", pattern: "^[0-9a-f]{64}$" },
          },
          required: ["name", "sha256"],
          additionalProperties: false,
        },
      },
    },
    required: ["clients"],
    additionalProperties: false,
  },

  async onRequest(request, { config, metrics }) {
    const key = request.headers.get(config.header);
    // Comparing hashes takes no care: how many of their characters agree tells nothing about the key.
    const hash = key === null ? null : await sha256(key);
    const client = config.clients.find(({ sha256 }) => sha256 === hash);
    if (client === undefined) {
      metrics.counter("refused");
      const status = key === null ? 401 : 403;
      return Response.json({ title: "A valid API key is needed", status }, { status });
    }
    request.headers.delete(config.header);
    request.headers.set("x-client", client.name);
  },
});

async function sha256(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
