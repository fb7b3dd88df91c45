/** What the cache knows of a request while it passes, and of its own config. */
import type { Context } from "sluice/sdk";
import type { ForwardReason } from "./cache-status.ts";
import { type CacheConfig, rulesOf } from "./config.ts";
import type { RequestHead } from "./fields.ts";
import type { Leader } from "./flights/flights.ts";
import { Gate } from "./flights/gate.ts";
import type { Found } from "./response-plan.ts";
import type { CacheRules } from "./rules.ts";

/** What is known of a request once it is sent on. */
export interface Passing {
  /** As the client sent it; null: the answer came from here. */
  head: RequestHead | null;
  /** Under which its response is kept; null: it is not. */
  key: string | null;
  /** What was found and has to be validated, and its own key. */
  found: Found | null;
  entry: string;
  /** ms since the epoch. */
  requested: number;
  isAnswered: boolean;
  forward: ForwardReason;
  /** Others wait for its answer under this key; null: nobody does. */
  flight: string | null;
  /** Stands for it where they wait. */
  leader: Leader | null;
}

export type CacheContext = Context<CacheConfig, Passing>;

const rules = new WeakMap<CacheConfig, CacheRules>();
const gates = new WeakMap<CacheConfig, Gate>();

export function newPassing(): Passing {
  return {
    head: null,
    key: null,
    found: null,
    entry: "",
    requested: 0,
    forward: "bypass",
    flight: null,
    leader: null,
    isAnswered: false,
  };
}

/** Once for each config. */
export function prepare(config: CacheConfig): void {
  rules.set(config, rulesOf(config));
  gates.set(config, new Gate(config.collapse.timeout * 1000));
}

export function rulesFor(config: CacheConfig): CacheRules {
  return rules.get(config)!;
}

/** Where requests wait for each other. */
export function gateFor(config: CacheConfig): Gate {
  return gates.get(config)!;
}
