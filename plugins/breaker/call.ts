import type { Context, PluginRequest } from "sluice/sdk";
import { type CallResult, type Change, Circuit } from "./circuit.ts";
import { type BreakerConfig, rulesOf } from "./config.ts";
import { type EndpointCircuits, type Trial, tellChange } from "./endpoint-circuits.ts";
import { report } from "./report.ts";

/** What the breaker keeps of a request. */
export interface Call {
  /** Null: none is asked, or its result is known already. */
  circuit: Circuit | null;
  pass: number;
  /** When the attempt at hand began, in ms of the counters' clock; -1: there was none. */
  begun: number;
  /** Whether it goes to the other cluster. */
  isElsewhere: boolean;
  /** Of a request whose answer may be kept; null: of any other. */
  kept: KeptRequest | null;
  /** The request, where a function may have to answer in the place of endpoints; null: it is not needed. */
  request: PluginRequest | null;
  /** The endpoint that this request is to try, when the balancer may decide otherwise; null: none. */
  trial: (Trial & { readonly circuits: EndpointCircuits }) | null;
  /** An attempt beside the first one: who was asked first, and when this one began; null: there was none. */
  beside: { readonly first: string; readonly begun: number } | null;
  /** What clients are told when the endpoints that were avoided were all there are; null: none were. */
  refused: Refusal | null;
}

export interface Refusal {
  /** Name of the circuit: that of the cluster, unless the config says otherwise. */
  readonly circuit: string;
  /** Ms until the circuit may be tried again. */
  readonly wait: number;
}

export function newCall(): Call {
  return {
    circuit: null,
    pass: 0,
    begun: -1,
    isElsewhere: false,
    kept: null,
    request: null,
    trial: null,
    beside: null,
    refused: null,
  };
}

export interface KeptRequest {
  /** With the route, and what else chooses the answer. */
  readonly url: string;
  readonly headers: Headers;
}

export type BreakerContext = Context<BreakerConfig, Call>;

/** Where endpoints are chosen by what clients send, there may be any number. */
const mostCircuits = 1000;

const circuits = new WeakMap<BreakerConfig, Map<string, Circuit>>();

/** The circuit of a thing, unless the config has one for all. */
export function circuitOf(
  { config, counters }: Pick<BreakerContext, "config" | "counters">,
  thing: string,
): Circuit {
  const name = config.name ?? thing;
  let byName = circuits.get(config);
  if (byName === undefined || byName.size >= mostCircuits) {
    byName = new Map();
    circuits.set(config, byName);
  }
  let circuit = byName.get(name);
  if (circuit === undefined) {
    circuit = new Circuit(name, rulesOf(config), counters);
    byName.set(name, circuit);
  }
  return circuit;
}

/**
 * Asks whether the call may go; if so, its result belongs to the circuit.
 *
 * @returns 0, or ms until it may be worth while to ask again
 */
export function enter(ctx: BreakerContext, circuit: Circuit): number {
  const decision = circuit.ask();
  if (!decision.allowed) return decision.wait;
  ctx.state.circuit = circuit;
  ctx.state.pass = decision.pass;
  if (decision.change !== null) tell(ctx, circuit.name, decision.change);
  return 0;
}

/**
 * The call's result is known.
 *
 * @param result null: it says nothing
 */
export function settle(ctx: BreakerContext, result: CallResult | null, now: number): void {
  const { circuit, pass } = ctx.state;
  if (circuit === null) return;
  ctx.state.circuit = null;
  if (result === null) {
    circuit.giveBack(pass);
    return;
  }
  const change = circuit.record(pass, result, now);
  if (change !== null) tell(ctx, circuit.name, change);
}

/** Tells the operator, and the other reactors where they are to know. */
export function tell(ctx: BreakerContext, circuit: string, change: Change): void {
  report(ctx, circuit, change);
  if (ctx.config.per === "endpoint" && change.to !== "half-open") tellChange(ctx.counters);
}
