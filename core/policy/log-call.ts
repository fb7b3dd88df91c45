/** The handler that observes a finished exchange: nobody waits for it, but its faults are counted and told. */
import { Timer, type Timers } from "../net/timers.ts";
import type { GuestCall } from "./guest/call.ts";
import type { GuestError, Outcome } from "./outcome.ts";
import type { Policy } from "./policy.ts";
import type { PolicyHost } from "./policy-run.ts";

export class LogCall implements GuestCall {
  private readonly policy: Policy;
  private readonly timers: Timers;
  private readonly host: PolicyHost;
  private timer: Timer | null = null;
  private slot = -1;
  /** Of the guest that knows the slot. */
  private epoch = -1;
  private isOver = false;

  constructor(policy: Policy, timers: Timers, host: PolicyHost) {
    this.policy = policy;
    this.timers = timers;
    this.host = host;
  }

  /** The slot is this call's from now on: it is given back when the handler is done. */
  keep(slot: number): void {
    this.slot = slot;
    this.epoch = this.policy.guest.epoch;
    if (this.isOver) this.endSlot("");
  }

  onOutcome(outcome: Outcome): void {
    this.finish();
    if (this.slot >= 0) this.policy.guest.releaseSlot(this.slot);
    this.slot = -1;
    if (outcome.kind === "fault") this.tell(outcome.fault);
  }

  onPending(): void {
    this.timer ??= new Timer(() => this.onTimeout());
    this.timers.arm(this.timer, this.policy.wallMs);
  }

  /** The loss is told by the plugin itself. */
  onLost(): void {
    this.finish();
    this.endSlot("");
  }

  private onTimeout(): void {
    this.isOver = true;
    const because = `onLog took longer than ${this.policy.wallMs} ms`;
    this.endSlot(because);
    this.tell({ name: "TimeoutError", message: because, stack: "" });
  }

  private tell(fault: GuestError): void {
    this.policy.onFault({ phase: "onLog", cause: "throw", fault, about: this.host.logFacts });
  }

  /** With a guest that is lost its slots are gone. */
  private endSlot(because: string): void {
    const { guest } = this.policy;
    if (this.slot >= 0 && this.epoch === guest.epoch) guest.endSlot(this.slot, because);
    this.slot = -1;
  }

  private finish(): void {
    this.isOver = true;
    if (this.timer !== null) this.timers.disarm(this.timer);
  }
}
