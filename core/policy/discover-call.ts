/** One call of a plugin's `discover`: to its guest an exchange like any other, with the limits of one. */
import { MessageFlag, MessageKind } from "../../sdk/runtime/message.ts";
import { HostCallError } from "../sandbox/host/error.ts";
import type { GuestCall, GuestLoss } from "./guest/call.ts";
import type { SlotOwner } from "./guest/slots.ts";
import type { GuestError, Outcome } from "./outcome.ts";
import type { Policy } from "./policy.ts";

/**
 * Has a policy find the endpoints of a cluster.
 *
 * @returns what it found; nothing of it is checked
 * @throws Error when it fails, takes longer than its wall time, or is out of service
 */
export function discoverWith(policy: Policy, cluster: string): Promise<unknown> {
  return new DiscoverCall(policy).send(cluster);
}

class DiscoverCall implements GuestCall, SlotOwner {
  readonly askedAt = performance.now();
  private readonly policy: Policy;
  private readonly answer = Promise.withResolvers<unknown>();
  private readonly timer: NodeJS.Timeout;
  private slot = -1;
  private epoch = -1;
  private isOver = false;

  constructor(policy: Policy) {
    this.policy = policy;
    // A guest that is being made anew keeps its calls waiting, too.
    this.timer = setTimeout(() => this.onTimeout(), policy.wallMs);
  }

  send(cluster: string): Promise<unknown> {
    const { guest, instance } = this.policy;
    this.slot = guest.openSlot(this, this.policy);
    this.epoch = guest.epoch;
    const payload = JSON.stringify(cluster);
    const { discover } = MessageKind;
    guest.call(this, discover, this.slot, MessageFlag.last, `${instance}`, payload);
    return this.answer.promise;
  }

  onOutcome(outcome: Outcome): void {
    if (!this.finish()) return;
    this.policy.guest.releaseSlot(this.slot);
    if (outcome.kind === "json") this.answer.resolve(outcome.value);
    else this.fail(outcome.kind === "fault" ? outcome.fault : protocolFault);
  }

  onPending(): void {}

  /** The loss is told by the plugin itself. */
  onLost({ message }: GuestLoss): void {
    if (!this.finish()) return;
    const { guest } = this.policy;
    // With a guest that is lost its slots are gone.
    if (this.epoch === guest.epoch) guest.releaseSlot(this.slot);
    this.answer.reject(new Error(message));
  }

  readBody(): never {
    throw new HostCallError("InvalidStateError", "Cannot read the body: there is none");
  }

  arrivedText(): never {
    this.readBody();
  }

  addBodyStage(): never {
    throw new HostCallError("InvalidStateError", "Cannot change the body: there is none");
  }

  record(): never {
    throw new HostCallError("InvalidStateError", "Cannot record the body: there is none");
  }

  keepGoing(): void {}

  logFacts(): null {
    return null;
  }

  onFollowed(): void {}

  refresh(): never {
    throw new HostCallError("InvalidStateError", "Cannot refresh: there is no request");
  }

  private onTimeout(): void {
    if (!this.finish()) return;
    const message = `discover took longer than ${this.policy.wallMs} ms`;
    const { guest } = this.policy;
    if (this.epoch === guest.epoch) guest.endSlot(this.slot, message);
    this.fail({ name: "TimeoutError", message, stack: "" });
  }

  private fail(fault: GuestError): void {
    this.policy.onFault({ phase: "discover", cause: "throw", fault, about: null });
    this.answer.reject(new Error(`${fault.name}: ${fault.message}`));
  }

  /** False when it was over before. */
  private finish(): boolean {
    const { isOver } = this;
    this.isOver = true;
    clearTimeout(this.timer);
    return !isOver;
  }
}

const protocolFault: GuestError = { name: "ProtocolError", message: "discover gave no endpoints", stack: "" };
