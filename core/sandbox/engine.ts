/**
 * What runs guest code. Engines differ in nothing that a plugin can see; one suite of checks
 * (test/sandbox/contract.ts) runs on all of them.
 */

import type { HostCounters } from "../../sdk/runtime/counters.ts";
import { type MessagePart, separator } from "../../sdk/runtime/message.ts";

export type EngineName = "isolated-vm" | "quickjs" | "inline";

export interface Engine {
  readonly name: EngineName;
  /**
   * Makes a guest and loads the plugin into it; its top level has run when this resolves.
   *
   * @throws GuestFault when the plugin's top level throws or passes a limit
   */
  create(options: GuestOptions): Promise<Guest>;
}

/** A script and the name that stack traces show for it. */
export interface GuestScript {
  readonly code: string;
  readonly name: string;
}

export interface GuestOptions {
  /** Name of the plugin, for messages. */
  readonly name: string;
  /** Of the plugin's code, at most 8 characters; absent: nobody asks which code it was. */
  readonly version?: string;
  /** Its value is a function `(host, realm, progress) => GuestEntry`; see `GuestStart`. */
  readonly runtime: GuestScript;
  /** Its value is a function `(globals) => exports`. */
  readonly plugin: GuestScript;
  readonly limits: GuestLimits;
  /** That of the guest in the beginning, from its top level on. Absent: no. */
  readonly findsLoops?: boolean;
  readonly host: HostCall;
  /** What a guest in the host's own realm may call without texts; others are never given it. */
  readonly counters?: HostCounters | null;
}

export interface GuestLimits {
  /** CPU time of one message inside a guest, in ms. */
  readonly cpuMs: number;
  /** Memory of one guest, in bytes. */
  readonly memoryBytes: number;
}

/**
 * A synchronous call from the guest: text and bytes only. Returns `=text`, `!Name:message`, bytes,
 * or undefined when operation `id` is to be completed by a later dispatch. Must not throw. Bytes that it
 * is given belong to it.
 *
 * `HostOp.outcome` with bytes may be called after the guest was left, before `dispatch` returns.
 */
export type HostCall = (
  op: number,
  id: number,
  text: string,
  bytes: Uint8Array | undefined,
) => string | Uint8Array | undefined;

/**
 * The value of the runtime script, called once inside the guest.
 *
 * @param realm `own`: the globals of this realm belong to the guest; `shared`: they are the host's and stay as they are
 * @param progress its first element grows with every message, so that the time limit holds for one
 *   message and not for a whole batch
 * @param counters of a host in the same realm; null when the guest has ended
 */
export type GuestStart = (
  host: HostCall,
  realm: "own" | "shared",
  progress: Int32Array,
  counters?: () => HostCounters | null,
) => GuestEntry;

/** What the runtime gives to the engine. */
export interface GuestEntry {
  /** Returns an empty text, or how the plugin's top level failed (see the runtime's fault text). */
  load(plugin: (globals: object) => unknown): string;
  dispatch(text: string, bytes: Uint8Array | undefined): string;
  dispatchParts(parts: readonly MessagePart[]): string;
}

export interface Guest {
  readonly isAlive: boolean;
  /** Messages that it has begun, as it counts them itself; of one that is gone, too. Only differences mean something. */
  readonly progress: number;
  /**
   * Whether it is to tell where a message uses up its time, even if that costs something at each entry. Messages
   * have to enter one by one then. The clock that it takes may be that on the wall.
   */
  findsLoops: boolean;
  /**
   * Enters the guest once; all its microtasks have run when this returns.
   *
   * @param text messages of sdk/runtime/message.ts
   * @throws GuestFault; the guest is gone then
   */
  dispatch(text: string, bytes?: Uint8Array): string;
  /** The same for messages that are in their parts yet, `messageParts` of each. */
  dispatchParts(parts: readonly MessagePart[]): string;
  /** Bytes that the guest holds. */
  memoryUsed(): number;
  dispose(): void;
}

/** Messages as the text that `dispatch` takes. */
export function textOf(parts: readonly MessagePart[]): string {
  return parts.join(separator);
}

/** The lines of a stack that are frames. */
export function framesOf(stack: string): string {
  const lines = stack.split("\n");
  return lines.filter((line) => line.trimStart().startsWith("at ")).join("\n");
}

/** How a guest was lost: it passed a limit, or its engine gave up. */
export class GuestFault extends Error {
  override readonly name = "GuestFault";
  readonly kind: "cpu" | "memory" | "load" | "crash";
  /** Where in its code the guest was; empty: nobody knows. */
  readonly guestStack: string;

  constructor(kind: GuestFault["kind"], message: string, guestStack = "") {
    super(message);
    this.kind = kind;
    this.guestStack = guestStack;
  }
}
