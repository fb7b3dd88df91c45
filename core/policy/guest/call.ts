/** One message to a guest, and who waits for what comes of it. */
import { MessageKind } from "../../../sdk/runtime/message.ts";
import type { Outcome } from "../outcome.ts";

export interface GuestCall {
  /** Two things of one exchange may be under way in a guest: one about its request, one about its response. */
  readonly side: CallSide;
  onOutcome(outcome: Outcome, bytes: Uint8Array | undefined): void;
  /** The handler goes on after the entry. */
  onPending(): void;
  /** There will be no outcome: the guest is lost, or out of service. */
  onLost(loss: GuestLoss): void;
}

export type CallSide = "request" | "response";

export interface GuestLoss {
  readonly cause: "cpu" | "memory" | "crash" | "protocol" | "quarantined";
  readonly message: string;
}

/** @param text of a message, or of the outcome of one: both begin with its kind */
export function sideOf(text: string): CallSide {
  const kind = text[0];
  const isResponse =
    kind === MessageKind.response || kind === MessageKind.responseBody || kind === MessageKind.pull;
  return isResponse ? "response" : "request";
}
