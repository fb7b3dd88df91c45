/** Attacks are data: the same lists run on every engine. */
import type { PluginLimits } from "../../core/config/model.ts";
import type { SharedServices } from "../../core/policy/guest/services.ts";
import type { FaultCause } from "../../core/policy/plugin-status.ts";
import type { EngineName } from "../../core/sandbox/engine.ts";

export interface Attack {
  readonly title: string;
  /** Members of a plugin, or a module. */
  readonly plugin: string;
  /** Whether the plugin has the host function and the entry in its hands; see seized-runtime.ts. */
  readonly seized?: boolean;
  readonly limits?: Partial<PluginLimits>;
  readonly config?: unknown;
  /** Where its fetches go; default: the network. */
  readonly outbound?: SharedServices["outbound"];
  /** Sent at once, each on a connection of its own. Default: `GET /`. */
  readonly requests?: readonly string[];
  /** What clients may get. Default: 200. */
  readonly statuses?: readonly number[];
  /** The body of each 200. */
  readonly body?: string | RegExp;
  /** Cause under which a fault must be counted; null: there must be none; absent: any, if a client gets no 200. */
  readonly fault?: FaultCause | null;
  /** ms by which requests of others may be delayed. Default: `usualDelay`. */
  readonly delay?: number;
  /** MiB by which the process may grow meanwhile; absent: nobody looks. */
  readonly growth?: number;
  /** ms for which others are still watched when it was answered; default: `usualAftermath`. */
  readonly aftermath?: number;
  /** Why an engine is spared the attack. */
  readonly exempt?: Partial<Record<EngineName, string>>;
}

/**
 * ms by which one attack may delay the requests of others: its budget of CPU (50 ms), two ticks of the watchdog
 * (50 ms), a new guest, and what a busy machine takes.
 */
export const usualDelay = 1000;

/** ms: what was answered is over, but for a new guest. */
export const usualAftermath = 40;

/** ms: what timers, operations and promises go on with has begun, and would be noticed. */
export const longAftermath = 200;

/** Why attacks on limits skip the inline engine. */
export const inlineHasNoLimits = "it is host code that the operator trusts: no limit holds there";

/** Why attacks on the wall between realms skip the inline engine. */
export const inlineHasNoWall = "it is host code that the operator trusts: its realm is the host's";
