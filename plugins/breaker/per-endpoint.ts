import type { AskedEndpoint, LogRecord, PluginResponse, UpstreamAttempt } from "sluice/sdk";
import { type BreakerContext, circuitOf, enter, type Refusal, settle, tell } from "./call.ts";
import type { CallResult } from "./circuit.ts";
import type { BreakerConfig } from "./config.ts";
import { EndpointCircuits } from "./endpoint-circuits.ts";
import { answerInstead, type BreakerOptions, keepAnswer } from "./fallback.ts";
import { refusal } from "./refusal.ts";
import { count } from "./report.ts";
import { isSlow, resultOf, resultWithout } from "./result.ts";

/** Clusters may be named by what clients send. */
const mostClusters = 100;

const clusters = new WeakMap<BreakerConfig, Map<string, EndpointCircuits>>();

/** Tells the balancer which endpoints are out of order, or sends the request to one that is to be tried. */
export function steer(attempt: UpstreamAttempt, ctx: BreakerContext): void {
  const { config, counters, state } = ctx;
  const { previous } = attempt;
  const now = counters.now();
  if (attempt.isRetry && previous !== null) {
    settleAt(ctx, previous, { failed: true, slow: isSlow(config, now - state.begun) }, now);
    state.begun = -1;
    state.beside = null;
  }
  const isFirst = state.begun < 0;
  if (isFirst) state.begun = now;
  else if (previous !== null) state.beside = { first: previous.endpoint, begun: now };
  const circuits = circuitsIn(ctx, attempt.cluster);
  if (attempt.endpoint !== null && isFirst) {
    if (enter(ctx, circuits.of(attempt.endpoint)) === 0) return;
    attempt.endpoint = null;
  }
  const { avoid, trial, wait } = circuits.plan(isFirst && !attempt.isRetry);
  if (trial !== null) {
    state.circuit = trial.circuit;
    state.pass = trial.pass;
    state.trial = { circuits, ...trial };
    attempt.prefer(trial.endpoint);
  }
  if (avoid.length === 0) return;
  state.refused = { circuit: attempt.cluster, wait };
  const { cluster } = config.fallback;
  attempt.avoid(avoid, { whenAll: cluster === undefined ? "refuse" : { cluster } });
}

/** What the endpoint's answer says of it; or the answer in its place, when there was none that might be asked. */
export function onEndpointAnswer(
  response: PluginResponse,
  ctx: BreakerContext,
  options: BreakerOptions,
): Promise<Response | undefined> | undefined {
  const { config, counters, state } = ctx;
  if (state.begun < 0) return undefined;
  const { status, error } = response;
  const nobodyWasAsked = error === "no_healthy_upstream";
  const asked = nobodyWasAsked ? null : placeOf(response.cluster, response.endpoint);
  const now = counters.now();
  const took = asked === null ? 0 : now - begunOf(ctx, asked);
  settleAt(ctx, asked, asked === null ? null : resultOf(config, status, error, took), now);
  if (nobodyWasAsked && state.refused !== null) return answerRefused(ctx, options, state.refused);
  state.begun = -1;
  return error !== null ? undefined : keepAnswer(response, ctx);
}

async function answerRefused(
  ctx: BreakerContext,
  options: BreakerOptions,
  refused: Refusal,
): Promise<Response> {
  const { request, kept } = ctx.state;
  ctx.state.begun = -1;
  count(ctx, "refused", refused.circuit);
  return (await answerInstead(ctx, refused, options, request, kept)) ?? refusal(refused.wait);
}

/** There may have been no answer. */
export function onEndpointLog({ cluster, upstream, error }: LogRecord, ctx: BreakerContext): void {
  if (ctx.state.begun < 0) return;
  const asked = placeOf(cluster, upstream);
  const now = ctx.counters.now();
  const took = asked === null ? 0 : now - begunOf(ctx, asked);
  settleAt(ctx, asked, asked === null ? null : resultWithout(ctx.config, error, took), now);
}

function placeOf(cluster: string | null, endpoint: string | null): AskedEndpoint | null {
  return cluster === null || endpoint === null ? null : { cluster, endpoint };
}

/**
 * An endpoint was asked, and this is what came of it.
 *
 * @param asked null: none was
 * @param result null: it says nothing
 */
function settleAt(
  ctx: BreakerContext,
  asked: AskedEndpoint | null,
  result: CallResult | null,
  now: number,
): void {
  const { state } = ctx;
  const { circuit } = state;
  const name = asked === null ? null : nameOf(asked);
  if (circuit !== null && circuit.name === name) {
    if (state.trial?.isFirst === true) tell(ctx, name, { to: "half-open" });
    settle(ctx, result, now);
    return;
  }
  if (circuit !== null) {
    settle(ctx, null, now);
    state.trial?.circuits.onUnreachable(state.trial.endpoint, now);
  }
  if (asked === null || result === null || asked.cluster === ctx.config.fallback.cluster) return;
  const other = circuitsIn(ctx, asked.cluster).of(asked.endpoint);
  const pass = other.passSince(begunOf(ctx, asked));
  const change = pass === null ? null : other.record(pass, result, now);
  if (change !== null) tell(ctx, other.name, change);
}

/** When the attempt began that the endpoint was asked in, in ms. */
function begunOf({ state }: BreakerContext, { endpoint }: AskedEndpoint): number {
  const { begun, beside } = state;
  return beside !== null && endpoint !== beside.first ? beside.begun : begun;
}

function nameOf({ cluster, endpoint }: AskedEndpoint): string {
  return `${cluster}/${endpoint}`;
}

function circuitsIn(ctx: BreakerContext, cluster: string): EndpointCircuits {
  let byCluster = clusters.get(ctx.config);
  if (byCluster === undefined || byCluster.size >= mostClusters) {
    byCluster = new Map();
    clusters.set(ctx.config, byCluster);
  }
  let circuits = byCluster.get(cluster);
  if (circuits === undefined) {
    const { config, counters } = ctx;
    circuits = new EndpointCircuits(counters, (endpoint) =>
      circuitOf({ config, counters }, nameOf({ cluster, endpoint })),
    );
    byCluster.set(cluster, circuits);
  }
  return circuits;
}
