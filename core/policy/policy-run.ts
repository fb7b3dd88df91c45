/** The policies of one exchange: their slots in the guests, and the phases that are under way. */
import { MessageFlag, type PhaseName } from "../../sdk/runtime/message.ts";
import { ProxyError } from "../errors.ts";
import type { Timers } from "../net/timers.ts";
import type { GuestError } from "./outcome.ts";
import { type GuestCall, type GuestLoss, type SlotOwner, writeMessage } from "./plugin-guest.ts";
import type { Policy } from "./policy.ts";

/** What the policies of an exchange need of it. */
export interface PolicyHost {
  /** Facts for `ctx` (sdk/runtime/exchange.ts). */
  policyContext(): string;
  readBody(side: "q" | "s", limit: number): Promise<Uint8Array> | Uint8Array;
}

interface Taken {
  readonly policy: Policy;
  readonly slot: number;
}

export class PolicyRun {
  readonly timers: Timers;
  private readonly host: PolicyHost;
  private taken: Taken[] = [];
  private context: string | null = null;

  constructor(host: PolicyHost, timers: Timers) {
    this.host = host;
    this.timers = timers;
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
    let context = "";
    let slot = this.slotOf(policy);
    if (slot < 0) {
      context = this.context ??= this.host.policyContext();
      slot = policy.guest.openSlot(this.ownerFor(policy));
      this.taken.push({ policy, slot });
    }
    const flags = bodyFlags | (policy.lastPhase === phase ? MessageFlag.last : 0);
    policy.guest.call(call, slot, writeMessage(kind, slot, policy.instance, flags, context, payload), bytes);
  }

  /** The handler is done: if it was the policy's last one, the guest has forgotten the exchange. */
  answered(policy: Policy, phase: PhaseName): void {
    if (policy.lastPhase !== phase) return;
    const slot = this.slotOf(policy);
    if (slot < 0) return;
    this.forget(policy);
    policy.guest.releaseSlot(slot);
  }

  /** Ends the policy's part in this exchange. */
  abandon(policy: Policy, because: string): void {
    const slot = this.slotOf(policy);
    if (slot < 0) return;
    this.forget(policy);
    policy.guest.endSlot(slot, because);
  }

  /** @param because empty when the exchange ended well */
  end(because: string): void {
    const { taken } = this;
    this.taken = [];
    for (const { policy, slot } of taken) policy.guest.endSlot(slot, because);
  }

  // --- failures

  /** Returns what the exchange fails with, or null when the policy is to be skipped. */
  reportFault(policy: Policy, phase: PhaseName, fault: GuestError): ProxyError | null {
    policy.onFault({ phase, cause: "throw", fault });
    return failure(policy, "plugin_failed", `Policy ${policy.name} failed in ${phase}: ${fault.message}`);
  }

  lossError(policy: Policy, loss: GuestLoss): ProxyError | null {
    this.forget(policy);
    const code = loss.cause === "quarantined" ? "plugin_quarantined" : "plugin_failed";
    return failure(policy, code, `Policy ${policy.name} failed: ${loss.message}`);
  }

  private ownerFor(policy: Policy): SlotOwner {
    return { readBody: (side) => this.host.readBody(side, policy.bodyBytes) };
  }

  private slotOf(policy: Policy): number {
    for (const entry of this.taken) if (entry.policy === policy) return entry.slot;
    return -1;
  }

  private forget(policy: Policy): void {
    this.taken = this.taken.filter((entry) => entry.policy !== policy);
  }
}

function failure(
  policy: Policy,
  code: "plugin_failed" | "plugin_quarantined",
  message: string,
): ProxyError | null {
  return policy.onFailure === "open" ? null : new ProxyError(code, message, { source: "plugin" });
}
