/** The handler that observes a finished exchange: nobody waits for it, but its faults are counted and told. */
import { Timer, type Timers } from "../net/timers.ts";
import type { CallSide, GuestCall } from "./guest/call.ts";
import type { Outcome } from "./outcome.ts";
import type { Policy } from "./policy.ts";

export class LogCall implements GuestCall {
  readonly side: CallSide = "request";
  private readonly policy: Policy;
  private readonly timers: Timers;
  private timer: Timer | null = null;
  private slot = -1;
  private isOver = false;

  constructor(policy: Policy, timers: Timers) {
    this.policy = policy;
    this.timers = timers;
  }

  /** The slot is this call's from now on: it is given back when the handler is done. */
  keep(slot: number): void {
    if (!this.isOver) this.slot = slot;
    else if (slot >= 0) this.policy.guest.endSlot(slot, "");
  }

  onOutcome(outcome: Outcome): void {
    this.finish();
    if (this.slot >= 0) this.policy.guest.releaseSlot(this.slot);
    if (outcome.kind === "fault")
      this.policy.onFault({ phase: "onLog", cause: "throw", fault: outcome.fault });
  }

  onPending(): void {
    this.timer = new Timer(() => this.onTimeout());
    this.timers.arm(this.timer, this.policy.wallMs);
  }

  /** The loss is told by the plugin itself. */
  onLost(): void {
    this.finish();
  }

  private onTimeout(): void {
    this.isOver = true;
    const because = `onLog took longer than ${this.policy.wallMs} ms`;
    if (this.slot >= 0) this.policy.guest.endSlot(this.slot, because);
    const fault = { name: "TimeoutError", message: because, stack: "" };
    this.policy.onFault({ phase: "onLog", cause: "throw", fault });
  }

  private finish(): void {
    this.isOver = true;
    if (this.timer !== null) this.timers.disarm(this.timer);
  }
}
