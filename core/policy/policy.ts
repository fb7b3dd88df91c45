import type { HandlerName, PhaseName } from "../../sdk/runtime/message.ts";
import type { MappedStack } from "../observe/stack-trace.ts";
import type { GivenRoom } from "./body/given-room.ts";
import type { HandedBodies } from "./body/handed-bodies.ts";
import type { PluginGuest } from "./guest/plugin-guest.ts";
import type { LogFacts } from "./guest/slots.ts";
import type { GuestError } from "./outcome.ts";

/** A plugin with its config, as one generation runs it. */
export interface Policy {
  readonly name: string;
  /** The guest in which its code lives; other policies of the same plugin share it. */
  readonly guest: PluginGuest;
  /** Its number there. */
  readonly instance: number;
  readonly phases: ReadonlySet<PhaseName>;
  /**
   * Whether its code names `priority` at all. One that does not says nothing of it, so its requests may be refused before
   * it has seen them.
   */
  readonly namesPriority: boolean;
  /** The phase after which the guest need not remember the exchange; null: it is told. */
  readonly lastPhase: PhaseName | null;
  /** What a fault means for the request: refused, or the policy is skipped. */
  readonly onFailure: "closed" | "open";
  /** Time for one phase, in ms. */
  readonly wallMs: number;
  /** Bytes of a body that a handler may read as a whole. */
  readonly bodyBytes: number;
  /** Bodies that its guest may answer with. */
  readonly handed: HandedBodies;
  /** For bodies that its guest gives. */
  readonly room: GivenRoom;
  /** Whether others believe whom it takes a client for. */
  readonly setsIdentity: boolean;
  /** For the log and the counters; returns where it was, in the author's files. */
  onFault(fault: PolicyFault): MappedStack;
}

export interface PolicyFault {
  readonly phase: HandlerName;
  readonly cause: "throw";
  readonly fault: GuestError;
  /** Null: it belongs to no request. */
  readonly about: LogFacts | null;
  /** What the host threw where it was to refuse something; absent: nothing. */
  readonly hostError?: unknown;
}

/**
 * The phase that ends a policy's part in an exchange, if one surely does: `onUpstream` may come again, and
 * bodies may go on behind their heads.
 */
export function lastPhaseOf(phases: ReadonlySet<PhaseName>): PhaseName | null {
  if (phases.has("onLog")) return "onLog";
  if (phases.has("onRequestBody") || phases.has("onUpstream") || phases.has("onResponseBody")) return null;
  return phases.has("onResponse") ? "onResponse" : "onRequest";
}
