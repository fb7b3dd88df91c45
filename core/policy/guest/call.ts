/** One message to a guest, and who waits for what comes of it. */
import type { HandlerName } from "../../../sdk/runtime/message.ts";
import type { MappedStack } from "../../observe/stack-trace.ts";
import type { Outcome } from "../outcome.ts";

export interface GuestCall {
  onOutcome(outcome: Outcome, bytes: Uint8Array | undefined): void;
  /** The handler goes on after the entry, or waits for a guest that is being made; it may be told of both. */
  onPending(): void;
  /** There will be no outcome: the guest is lost, or out of service. */
  onLost(loss: GuestLoss): void;
}

export interface GuestLoss {
  readonly cause: "cpu" | "memory" | "crash" | "protocol" | "quarantined";
  readonly message: string;
  /** The handler that the guest was in; absent: nobody knows. */
  readonly phase?: HandlerName | null;
  /** As the guest tells it; absent or empty: nobody knows. */
  readonly guestStack?: string;
  /** The same in the author's files. */
  readonly at?: MappedStack | null;
}

/** What was asked of a guest is lost with it. */
export class GuestLostError extends Error {
  override readonly name = "GuestLostError";
  readonly loss: GuestLoss;

  constructor(loss: GuestLoss) {
    super(loss.message);
    this.loss = loss;
  }
}
