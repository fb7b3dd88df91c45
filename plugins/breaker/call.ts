import type { Context } from "sluice/sdk";
import { type CallResult, Circuit } from "./circuit.ts";
import { type BreakerConfig, rulesOf } from "./config.ts";
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
}

interface KeptRequest {
  readonly url: string;
  readonly headers: Headers;
}

export type BreakerContext = Context<BreakerConfig, Call>;

/** Where endpoints are chosen by what clients send, there may be any number. */
const mostCircuits = 1000;

const circuits = new WeakMap<BreakerConfig, Map<string, Circuit>>();

/** The circuit of a thing, unless the config has one for all. */
export function circuitOf({ config, counters }: BreakerContext, thing: string): Circuit {
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
  if (decision.change !== null) report(ctx, circuit.name, decision.change);
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
  if (change !== null) report(ctx, circuit.name, change);
}
