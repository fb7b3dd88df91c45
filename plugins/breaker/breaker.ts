import { definePlugin, type Plugin, type UpstreamAttempt } from "sluice/sdk";
import { type BreakerContext, type Call, circuitOf, enter, newCall, settle } from "./call.ts";
import type { Circuit } from "./circuit.ts";
import { schema } from "./config.ts";
import { answerInstead, askedFor, type BreakerOptions, keepAnswer } from "./fallback.ts";
import { onEndpointAnswer, onEndpointLog, steer } from "./per-endpoint.ts";
import { refusal } from "./refusal.ts";
import { count } from "./report.ts";
import { isSlow, resultOf, resultWithout } from "./result.ts";

/**
 * A circuit breaker as a plugin.
 *
 * @example
 * import { breaker } from "sluice/plugins/breaker";
 *
 * export default breaker({
 *   fallback(request) {
 *     if (request.method === "GET") return Response.json({ orders: [] });
 *   },
 * });
 */
export function breaker(options: BreakerOptions = {}): Plugin<typeof schema, Call> {
  return definePlugin({
    description: "Stops sending requests to a service that fails, until it has recovered",
    config: schema,
    capabilities: { kv: true },
    state: newCall,

    setup({ name, per }) {
      if (name === undefined || per !== "endpoint") return;
      throw new Error("name is for one circuit, and per: endpoint for as many as there are endpoints");
    },

    onRequest(request, ctx) {
      const { config, state } = ctx;
      state.kept = askedFor(request, ctx);
      if (config.per === "endpoint") {
        if (options.fallback !== undefined) state.request = request;
        return;
      }
      const thing = thingOf(ctx);
      if (thing === null) return;
      const circuit = circuitOf(ctx, thing);
      const wait = enter(ctx, circuit);
      if (wait === 0) return;
      count(ctx, "refused", circuit.name);
      const refused = { circuit: circuit.name, wait };
      return answerInstead(ctx, refused, options, request, state.kept).then((answer) => {
        const { cluster } = config.fallback;
        state.kept = null;
        if (answer !== null || cluster === undefined) return answer ?? refusal(wait);
        ctx.upstream.cluster = cluster;
        state.isElsewhere = true;
        return;
      });
    },

    onUpstream(attempt, ctx) {
      const { config, counters, state } = ctx;
      if (config.per === "endpoint") {
        steer(attempt, ctx);
        return;
      }
      if (state.isElsewhere) {
        attempt.cluster = config.fallback.cluster!;
        return;
      }
      const now = counters.now();
      if (attempt.isRetry) settle(ctx, { failed: true, slow: isSlow(config, now - state.begun) }, now);
      // What runs beside another attempt, or repeats it, belongs to the same call.
      if (attempt.isRetry || state.begun < 0) state.begun = now;
      const circuit = circuitFor(attempt, ctx);
      if (circuit === state.circuit) return;
      // Another policy chose another cluster.
      settle(ctx, null, now);
      if (enter(ctx, circuit) > 0) divert(attempt, ctx);
    },

    onResponse(response, ctx) {
      if (ctx.config.per === "endpoint") return onEndpointAnswer(response, ctx, options);
      const { circuit, begun } = ctx.state;
      if (circuit === null) return;
      const now = ctx.counters.now();
      const { status, error } = response;
      settle(ctx, begun < 0 ? null : resultOf(ctx.config, status, error, now - begun), now);
      return begun < 0 || error !== null ? undefined : keepAnswer(response, ctx);
    },

    onLog(record, ctx) {
      if (ctx.config.per === "endpoint") {
        onEndpointLog(record, ctx);
        return;
      }
      const { circuit, begun } = ctx.state;
      if (circuit === null) return;
      const now = ctx.counters.now();
      settle(ctx, begun < 0 ? null : resultWithout(ctx.config, record.error, now - begun), now);
    },
  });
}

/** What the request is about to use, as far as that is known before it goes; null: not yet. */
function thingOf({ config, route }: BreakerContext): string | null {
  return config.per === "route" ? route.name : route.cluster;
}

/** What the attempt is about to use. */
function circuitFor({ cluster }: UpstreamAttempt, ctx: BreakerContext): Circuit {
  return circuitOf(ctx, ctx.config.per === "route" ? ctx.route.name : cluster);
}

/** An attempt cannot be refused, but it can go elsewhere. */
function divert(attempt: UpstreamAttempt, { config, state }: BreakerContext): void {
  const { cluster } = config.fallback;
  if (cluster === undefined) return;
  attempt.cluster = cluster;
  state.isElsewhere = true;
}
