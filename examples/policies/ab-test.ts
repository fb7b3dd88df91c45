/** Sends a share of the visitors to another version of the service, each of them always to the same one. */
import { definePlugin } from "sluice/sdk";

export default definePlugin({
  description: "Splits visitors between two clusters and remembers their side in a cookie",
  config: {
    type: "object",
    properties: {
      /** Name of the cluster that runs the other version. */
      cluster: { type: "string" },
      /** Of new visitors, in percent. */
      share: { type: "number", minimum: 0, maximum: 100, default: 10 },
      cookie: { type: "string", default: "side" },
      /** How long a visitor stays on one side, in seconds. */
      maxAge: { type: "integer", default: 7 * 24 * 3600 },
    },
    required: ["cluster"],
    additionalProperties: false,
  },
  state: () => ({ side: "a", isNew: false }),

  onRequest(request, ctx) {
    const known = cookieOf(request.headers.get("cookie"), ctx.config.cookie);
    ctx.state.isNew = known !== "a" && known !== "b";
    ctx.state.side = ctx.state.isNew ? drawSide(ctx.config.share) : (known as string);
    if (ctx.state.side === "b") ctx.upstream.cluster = ctx.config.cluster;
    ctx.metrics.counter(`requests_${ctx.state.side}`);
  },

  onResponse(response, ctx) {
    if (!ctx.state.isNew) return;
    const { cookie, maxAge } = ctx.config;
    response.headers.append(
      "set-cookie",
      `${cookie}=${ctx.state.side}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax`,
    );
  },
});

/** @param share in percent */
function drawSide(share: number): "a" | "b" {
  return Math.random() * 100 < share ? "b" : "a";
}

function cookieOf(header: string | null, name: string): string | undefined {
  for (const pair of header?.split(";") ?? []) {
    const [key, value] = pair.trim().split("=", 2);
    if (key === name) return value;
  }
}
