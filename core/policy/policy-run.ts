/** The policies of one exchange: their slots in the guests, and the phases that are under way. */
import { MessageFlag, MessageKind, type PhaseName } from "../../sdk/runtime/message.ts";
import { ProxyError } from "../errors.ts";
import type { Timers } from "../net/timers.ts";
import type { Recording } from "./body/recording.ts";
import type { StageSpec } from "./body/stages.ts";
import { type GuestCall, type GuestLoss, writeMessage } from "./guest/call.ts";
import type { SlotOwner } from "./guest/slots.ts";
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
}

export class PolicyRun implements SlotOwner {
  readonly timers: Timers;
  private readonly host: PolicyHost;
  /** Policies that know the exchange, their slots, and the guests of theirs that know it. */
  private readonly policies: Policy[] = [];
  private readonly slots: number[] = [];
  private readonly epochs: number[] = [];
  private context = "";

  constructor(host: PolicyHost, timers: Timers) {
    this.host = host;
    this.timers = timers;
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
    const index = this.policies.indexOf(policy);
    const flags = policy.lastPhase === phase ? bodyFlags | MessageFlag.last : bodyFlags;
    if (index >= 0) {
      if (this.epochs[index] !== guest.epoch) {
        call.onLost({ cause: "crash", message: "The guest that knew the exchange is lost" });
        return;
      }
      const slot = this.slots[index]!;
      guest.call(call, slot, writeMessage(kind, slot, flags, "", payload), bytes);
      return;
    }
    if (this.context === "") this.context = this.host.policyContext();
    const slot = guest.openSlot(this, policy);
    this.policies.push(policy);
    this.slots.push(slot);
    this.epochs.push(guest.epoch);
    const context = `${policy.instance} ${this.context}`;
    guest.call(call, slot, writeMessage(kind, slot, flags, context, payload), bytes);
  }

  /** Tells a policy of the end of the exchange. It keeps its slot until its handler is done. */
  sendLog(policy: Policy, record: string): void {
    const call = new LogCall(policy, this.timers);
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
    while (this.policies.length > 0) this.abandon(this.policies.at(-1)!, because);
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

  refresh(policy: Policy): boolean {
    return this.host.refresh(policy);
  }

  /** Returns the slot that the policy had, or -1 when its guest does not know the exchange. */
  private forget(policy: Policy): number {
    const index = this.policies.indexOf(policy);
    if (index < 0) return -1;
    const slot = this.epochs[index] === policy.guest.epoch ? this.slots[index]! : -1;
    // The last one takes its place; their order means nothing.
    const last = this.policies.length - 1;
    this.policies[index] = this.policies[last]!;
    this.slots[index] = this.slots[last]!;
    this.epochs[index] = this.epochs[last]!;
    this.policies.pop();
    this.slots.pop();
    this.epochs.pop();
    return slot;
  }

  // --- failures

  /** Returns what the exchange fails with, or null when the policy is to be skipped. */
  reportFault(policy: Policy, phase: PhaseName, fault: GuestError): ProxyError | null {
    const { text, top } = policy.onFault({ phase, cause: "throw", fault });
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
    this.forget(policy);
    const code = loss.cause === "quarantined" ? "plugin_quarantined" : "plugin_failed";
    return failure(policy, code, `Policy ${policy.name} failed: ${loss.message}`, {
      policy: policy.name,
      phase: null,
      message: loss.message,
      stack: "",
      position: null,
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
