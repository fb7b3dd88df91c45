/** Outcomes of handlers that go on after their entry: put off by number, delivered by the guest when they are there. */
import { type Outcome, OutcomeReader } from "../outcome.ts";
import type { GuestCall } from "./call.ts";
import { mostMessages } from "./entry-share.ts";
import type { GuestSlots, PendingCall } from "./slots.ts";

export class LateOutcomes {
  private readonly slots: GuestSlots;
  private readonly onArrival: () => void;
  private arrivals: PendingCall[] = [];
  /** That the guest has put off so far: both sides count them. */
  private count = 0;

  /** @param onArrival there is something to settle */
  constructor(slots: GuestSlots, onArrival: () => void) {
    this.slots = slots;
    this.onArrival = onArrival;
  }

  /** A new guest counts from the start. */
  restart(): void {
    this.count = 0;
  }

  /** What has come is of no interest any more. */
  clear(): void {
    this.arrivals = [];
  }

  /** The guest has put off the outcome of a call. */
  putOff(slot: number, call: GuestCall): void {
    const number = ++this.count;
    const pending = this.slots.pendingOf(slot, number) ?? this.slots.putOff(slot, number)!;
    pending.call = call;
    if (pending.outcome === null) call.onPending();
  }

  /** @param text its number, a blank, and the outcome */
  deliver(slot: number, text: string, bytes: Uint8Array | undefined): void {
    const blank = text.indexOf(" ");
    const number = Number(text.slice(0, blank));
    // One that this entry puts off is told before.
    const isEarly = number > this.count && number <= this.count + mostMessages;
    const pending = this.slots.pendingOf(slot, number) ?? (isEarly ? this.slots.putOff(slot, number) : null);
    // Of an exchange that is over, or a second one.
    if (pending === null || pending.outcome !== null) return;
    pending.outcome = readDelivery(text, blank + 1);
    pending.bytes = bytes;
    this.arrivals.push(pending);
    this.onArrival();
  }

  /** Tells those who wait. */
  settle(): void {
    while (this.arrivals.length > 0) {
      const { arrivals } = this;
      this.arrivals = [];
      for (const pending of arrivals) {
        const { call, outcome, bytes } = pending;
        this.slots.settle(pending);
        if (outcome !== null) call?.onOutcome(outcome, bytes);
      }
    }
  }
}

/** What does not read is the fault of the handler whose outcome it would be. */
function readDelivery(text: string, start: number): Outcome {
  try {
    return new OutcomeReader(text, start).next();
  } catch (error) {
    return { kind: "fault", fault: { name: "ProtocolError", message: (error as Error).message, stack: "" } };
  }
}
