/** The policies of one exchange: their slots in the guests, and the phases that are under way. */
import { MessageFlag, MessageKind, type PhaseName } from "../../sdk/runtime/message.ts";
import { ProxyError } from "../errors.ts";
import type { Reactor } from "../net/reactor.ts";
import type { Timers } from "../net/timers.ts";
import type { Recording } from "./body/recording.ts";
import type { StageSpec } from "./body/stages.ts";
import type { GuestCall, GuestLoss } from "./guest/call.ts";
import type { LogFacts, SlotOwner } from "./guest/slots.ts";
import { LogCall } from "./log-call.ts";
import type { GuestError } from "./outcome.ts";
import type { Policy } from "./policy.ts";
import type { PolicyFailure } from "./policy-failure.ts";

/** What the policies of an exchange need of it. */
export interface PolicyHost {
  /** When the exchange began, ms as `performance.now()`. */
  readonly askedAt: number;
  /** Facts for `ctx` (sdk/runtime/exchange.ts). */
  policyContext(): string;
  readBody(side: "q" | "s", policy: Policy): Promise<Uint8Array> | Uint8Array;
  arrivedText(side: "q" | "s", policy: Policy): string | null;
  /** Returns false when too many coders are at work. */
  addBodyStage(side: "q" | "s", policy: Policy, spec: StageSpec): boolean;
  /** Keeps what of the response's body passes the policy. */
  record(recording: Recording): number | null;
  /** Somebody else reads the response's body. */
  onFollowed(): void;
  /** Sends the request again, for nobody, as it reaches the policy. Returns false when that cannot be. */
  refresh(policy: Policy): boolean;
  /** The exchange is finished even when its client leaves. */
  keepGoing(): void;
  /** What the log says of the request. */
  readonly logFacts: LogFacts;
}

/** A policy that knows the exchange. They are few, and a list takes less memory than an array. */
interface Seat {
  readonly policy: Policy;
  readonly slot: number;
  /** Of the guest that knows it. */
  readonly epoch: number;
  next: Seat | null;
}

export class PolicyRun implements SlotOwner {
  private readonly reactor: Pick<Reactor, "timers" | "guestTimers">;
  private readonly host: PolicyHost;
  private seats: Seat | null = null;
  private context = "";

  constructor(host: PolicyHost, reactor: Pick<Reactor, "timers" | "guestTimers">) {
    this.host = host;
    this.reactor = reactor;
  }

  get timers(): Timers {
    return this.reactor.timers;
  }

  /** For the time that guests may take. */
  get guestTimers(): Timers {
    return this.reactor.guestTimers;
  }

  get askedAt(): number {
    return this.host.askedAt;
  }

  /** Calls a policy's handler. */
  send(
    call: GuestCall,
    policy: Policy,
    phase: PhaseName,
    kind: string,
    payload: string,
    bytes?: Uint8Array,
    bodyFlags = 0,
  ): void {
    const { guest } = policy;
    const seat = this.seatOf(policy);
    const flags = policy.lastPhase === phase ? bodyFlags | MessageFlag.last : bodyFlags;
    if (seat !== null) {
      if (seat.epoch === guest.epoch) guest.call(call, kind, seat.slot, flags, "", payload, bytes);
      else call.onLost({ cause: "crash", message: "The guest that knew the exchange is lost" });
      return;
    }
    if (this.context === "") this.context = this.host.policyContext();
    const slot = guest.openSlot(this, policy);
    this.seats = { policy, slot, epoch: guest.epoch, next: this.seats };
    const context = `${policy.instance} ${this.context}`;
    guest.call(call, kind, slot, flags, context, payload, bytes);
  }

  /** Tells a policy of the end of the exchange. It keeps its slot until its handler is done. */
  sendLog(policy: Policy, record: string): void {
    const call = new LogCall(policy, this.guestTimers, this.host);
    this.send(call, policy, "onLog", MessageKind.log, record);
    call.keep(this.forget(policy));
  }

  /** The request is another one now: policies that have not seen it are told of that one. */
  onRequestChanged(): void {
    this.context = "";
  }

  /** The handler is done: if it was the policy's last one, the guest has forgotten the exchange. */
  answered(policy: Policy, phase: PhaseName): void {
    if (policy.lastPhase !== phase) return;
    const slot = this.forget(policy);
    if (slot >= 0) policy.guest.releaseSlot(slot);
  }

  /** Ends the policy's part in this exchange. */
  abandon(policy: Policy, because: string): void {
    const slot = this.forget(policy);
    if (slot >= 0) policy.guest.endSlot(slot, because);
  }

  /** @param because empty when the exchange ended well */
  end(because: string): void {
    while (this.seats !== null) this.abandon(this.seats.policy, because);
  }

  readBody(side: "q" | "s", policy: Policy): Promise<Uint8Array> | Uint8Array {
    return this.host.readBody(side, policy);
  }

  arrivedText(side: "q" | "s", policy: Policy): string | null {
    return this.host.arrivedText(side, policy);
  }

  addBodyStage(side: "q" | "s", policy: Policy, spec: StageSpec): boolean {
    return this.host.addBodyStage(side, policy, spec);
  }

  record(recording: Recording): number | null {
    return this.host.record(recording);
  }

  onFollowed(): void {
    this.host.onFollowed();
  }

  keepGoing(): void {
    this.host.keepGoing();
  }

  logFacts(): LogFacts {
    return this.host.logFacts;
  }

  refresh(policy: Policy): boolean {
    return this.host.refresh(policy);
  }

  private seatOf(policy: Policy): Seat | null {
    let seat = this.seats;
    while (seat !== null && seat.policy !== policy) seat = seat.next;
    return seat;
  }

  /** Returns the slot that the policy had, or -1 when its guest does not know the exchange. */
  private forget(policy: Policy): number {
    const seat = this.seatOf(policy);
    if (seat === null) return -1;
    if (seat === this.seats) this.seats = seat.next;
    else {
      let before = this.seats!;
      while (before.next !== seat) before = before.next!;
      before.next = seat.next;
    }
    return seat.epoch === policy.guest.epoch ? seat.slot : -1;
  }

  // --- failures

  /**
   * Returns what the exchange fails with, or null when the policy is to be skipped.
   *
   * @param hostError what the host threw where it was to refuse something; undefined: nothing
   */
  reportFault(policy: Policy, phase: PhaseName, fault: GuestError, hostError?: unknown): ProxyError | null {
    const about = this.host.logFacts;
    const { text, top } = policy.onFault({ phase, cause: "throw", fault, about, hostError });
    const message = `${fault.name}: ${fault.message}`;
    return failure(policy, "plugin_failed", `Policy ${policy.name} failed in ${phase}: ${fault.message}`, {
      policy: policy.name,
      phase,
      message,
      stack: text,
      position: top,
    });
  }

  lossError(policy: Policy, loss: GuestLoss): ProxyError | null {
    this.abandon(policy, loss.message);
    const code = loss.cause === "quarantined" ? "plugin_quarantined" : "plugin_failed";
    return failure(policy, code, `Policy ${policy.name} failed: ${loss.message}`, {
      policy: policy.name,
      phase: null,
      message: loss.message,
      stack: loss.at?.text ?? "",
      position: loss.at?.top ?? null,
    });
  }
}

function failure(
  policy: Policy,
  code: "plugin_failed" | "plugin_quarantined",
  message: string,
  cause: PolicyFailure,
): ProxyError | null {
  return policy.onFailure === "open" ? null : new ProxyError(code, message, { source: "plugin", cause });
}
