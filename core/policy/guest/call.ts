/** One message to a guest, and who waits for what comes of it. */
import type { HandlerName } from "../../../sdk/runtime/message.ts";
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
}
