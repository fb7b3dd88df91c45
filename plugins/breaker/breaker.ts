import {
  definePlugin,
  type Plugin,
  type PluginRequest,
  type PluginResponse,
  type UpstreamAttempt,
} from "sluice/sdk";
import { type BreakerContext, type Call, circuitOf, enter, settle } from "./call.ts";
import type { Circuit } from "./circuit.ts";
import { schema } from "./config.ts";
import { refusal } from "./refusal.ts";
import { count } from "./report.ts";
import { isSlow, resultOf, resultWithout } from "./result.ts";
import { keep, longestKey, mayAsk, mayKeep, recall } from "./stale.ts";

export interface Refusal {
  /** Name of the circuit: that of the cluster, unless the config says otherwise. */
  readonly circuit: string;
  /** Ms until the circuit may be tried again. */
  readonly wait: number;
}

export interface BreakerOptions {
  /**
   * Answers in the place of a service whose circuit is open. Without an answer the fallback of the config has its turn.
   */
  readonly fallback?: (
    request: PluginRequest,
    ctx: BreakerContext,
    refusal: Refusal,
  ) => Answer | Promise<Answer>;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing returns void
type Answer = Response | undefined | void;

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
    state: (): Call => ({ circuit: null, pass: 0, begun: -1, isElsewhere: false, kept: null }),

    onRequest(request, ctx) {
      const thing = thingOf(ctx);
      if (thing === null) return;
      const circuit = circuitOf(ctx, thing);
      const wait = enter(ctx, circuit);
      if (wait === 0) {
        rememberRequest(request, ctx);
        return;
      }
      count(ctx, "refused", circuit.name);
      return refuse(request, ctx, { circuit: circuit.name, wait }, options);
    },

    onUpstream(attempt, ctx) {
      const { config, counters, state } = ctx;
      if (state.isElsewhere) {
        attempt.cluster = config.fallback.cluster!;
        return;
      }
      const now = counters.now();
      if (attempt.isRetry) settle(ctx, { failed: true, slow: isSlow(config, now - state.begun) }, now);
      // What runs beside another attempt, or repeats it, belongs to the same call.
      if (attempt.isRetry || state.begun < 0) state.begun = now;
      const circuit = circuitFor(attempt, ctx);
      if (circuit === null || circuit === state.circuit) return;
      // Another policy chose another cluster.
      settle(ctx, null, now);
      if (enter(ctx, circuit) > 0) divert(attempt, ctx);
    },

    onResponse(response, ctx) {
      const { circuit, begun } = ctx.state;
      if (circuit === null) return;
      const now = ctx.counters.now();
      const { status, error } = response;
      settle(ctx, begun < 0 ? null : resultOf(ctx.config, status, error, now - begun), now);
      return begun < 0 || error !== null ? undefined : keepAnswer(response, ctx);
    },

    onLog(record, ctx) {
      const { circuit, begun } = ctx.state;
      if (circuit === null) return;
      const now = ctx.counters.now();
      settle(ctx, begun < 0 ? null : resultWithout(ctx.config, record.error, now - begun), now);
    },
  });
}

/** What the request is about to use, as far as that is known before it goes; null: not yet. */
function thingOf({ config, route }: BreakerContext): string | null {
  if (config.per === "route") return route.name;
  return config.per === "cluster" ? route.cluster : null;
}

async function refuse(
  request: PluginRequest,
  ctx: BreakerContext,
  refused: Refusal,
  { fallback }: BreakerOptions,
): Promise<Response | undefined> {
  const answer = await fallback?.(request, ctx, refused);
  if (answer !== undefined) return answer;
  const { cluster, stale } = ctx.config.fallback;
  const old = stale !== undefined && mayAsk(request) ? await recall(ctx.kv, request) : null;
  if (old !== null) {
    count(ctx, "stale", refused.circuit);
    return old;
  }
  if (cluster === undefined) return refusal(refused.wait);
  ctx.upstream.cluster = cluster;
  ctx.state.isElsewhere = true;
  return undefined;
}

/** The answer may be kept: what it belongs to is known here and not later. */
function rememberRequest(request: PluginRequest, { config, state }: BreakerContext): void {
  if (config.fallback.stale === undefined || !mayAsk(request)) return;
  state.kept = { url: request.url, headers: new Headers([...request.headers]) };
}

/** Keeps the answer if it may be, and none was kept of this URL lately. */
function keepAnswer(response: PluginResponse, ctx: BreakerContext): Promise<void> | undefined {
  const { counters, config, kv, state } = ctx;
  const { kept } = state;
  const { stale } = config.fallback;
  if (kept === null || stale === undefined || !mayKeep(response, stale)) return undefined;
  const turn = `kept ${kept.url}`.slice(0, longestKey);
  if (counters.add(turn, 1, { most: 1, ttl: stale.every }) === undefined) return undefined;
  return response.bytes().then((body) => {
    ctx.waitUntil(keep(kv, kept.url, kept.headers, response, body, stale));
  });
}

/** What the attempt is about to use; null: nobody can tell. */
function circuitFor(attempt: UpstreamAttempt, ctx: BreakerContext): Circuit | null {
  const { config, route } = ctx;
  if (config.per === "route") return circuitOf(ctx, route.name);
  if (config.per === "cluster") return circuitOf(ctx, attempt.cluster);
  return attempt.endpoint === null ? null : circuitOf(ctx, `${attempt.cluster}/${attempt.endpoint}`);
}

/** An attempt cannot be refused, but it can go elsewhere. */
function divert(attempt: UpstreamAttempt, { config, state }: BreakerContext): void {
  const { cluster } = config.fallback;
  if (config.per === "endpoint") {
    attempt.endpoint = null;
  } else if (cluster !== undefined) {
    attempt.cluster = cluster;
    state.isElsewhere = true;
  }
}
