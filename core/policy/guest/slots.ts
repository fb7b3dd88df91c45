/** The exchanges that one guest knows, by number. */

import type { Recording } from "../body/recording.ts";
import type { StageSpec } from "../body/stages.ts";
import type { Outcome } from "../outcome.ts";
import type { Policy } from "../policy.ts";
import type { GuestCall } from "./call.ts";

/** What lines in the log say of a request, as the access log does. */
export interface LogFacts {
  readonly route: string | null;
  readonly requestId: string;
}

/** The exchange behind a slot, for host calls that are about it. */
export interface SlotOwner {
  /** When the exchange began, ms as `performance.now()`. */
  readonly askedAt: number;
  /** Bytes of the body that is passing, whole. */
  readBody(side: "q" | "s", policy: Policy): Promise<Uint8Array> | Uint8Array;
  /** The same as text, where that is short, certain and at hand; null: it has to be read. */
  arrivedText(side: "q" | "s", policy: Policy): string | null;
  /**
   * Says what is to become of a body's bytes. Returns false when too many coders are at work.
   *
   * @throws HostCallError where the policy has no message at hand
   */
  addBodyStage(side: "q" | "s", policy: Policy, spec: StageSpec): boolean;
  /**
   * Returns the length that the body will have as the policy gets it; null: that is not known.
   *
   * @throws HostCallError when the response's body is on its way already
   */
  record(recording: Recording): number | null;
  /** Somebody else reads the response's body while it is recorded. */
  onFollowed(): void;
  /**
   * Sends the request again, for nobody, as it reaches the policy. Returns false when that cannot be.
   *
   * @throws HostCallError when the request is on its way already
   */
  refresh(policy: Policy): boolean;
  /** The exchange is finished even when its client leaves. */
  keepGoing(): void;
  /** Null: there is no request. */
  logFacts(): LogFacts | null;
}

export interface GuestExchange {
  readonly owner: SlotOwner;
  readonly policy: Policy;
}

/** One exchange in the guest. Used again for another one when it is free. */
class Slot {
  owner: SlotOwner | null = null;
  policy: Policy | null = null;
  pending: PendingCall | null = null;
}

/** A handler that goes on after its entry. Its outcome may come before the entry is over. */
export interface PendingCall {
  readonly slot: number;
  /** Of those that the guest has put off, the first one 1. */
  readonly number: number;
  call: GuestCall | null;
  outcome: Outcome | null;
  bytes: Uint8Array | undefined;
  /** They are few, and a list takes less memory than an array. */
  next: PendingCall | null;
}

export class GuestSlots {
  /** Exchanges so far. */
  begun = 0;
  private slots: Slot[] = [];
  private free: number[] = [];

  get live(): number {
    return this.slots.length - this.free.length;
  }

  /** @param owner null: no exchange, but the host itself asks something */
  open(owner: SlotOwner | null, policy: Policy | null): number {
    let number = this.free.pop();
    if (number === undefined) {
      number = this.slots.length;
      this.slots.push(new Slot());
    }
    if (owner !== null) this.begun++;
    const slot = this.slots[number]!;
    slot.owner = owner;
    slot.policy = policy;
    return number;
  }

  /** The guest has forgotten the exchange. */
  release(number: number): void {
    this.close(number);
    this.free.push(number);
  }

  /** The exchange is over, of which the guest is to learn: until then it may say things that are not about another one. */
  close(number: number): void {
    const slot = this.slots[number]!;
    slot.owner = null;
    slot.policy = null;
    for (let each = slot.pending; each !== null; each = each.next) each.call = null;
    slot.pending = null;
  }

  // --- what is put off

  /** What was put off under a number, if the exchange is not over. */
  pendingOf(slot: number, number: number): PendingCall | null {
    let pending = this.slots[slot]?.pending ?? null;
    while (pending !== null && pending.number !== number) pending = pending.next;
    return pending;
  }

  /** Null for a slot that a guest made up. */
  putOff(slot: number, number: number): PendingCall | null {
    const owner = this.slots[slot];
    if (owner === undefined) return null;
    owner.pending = { slot, number, call: null, outcome: null, bytes: undefined, next: owner.pending };
    return owner.pending;
  }

  /** Its outcome is there. */
  settle(pending: PendingCall): void {
    const owner = this.slots[pending.slot];
    if (owner === undefined) return;
    if (owner.pending === pending) owner.pending = pending.next;
    for (let each = owner.pending; each !== null; each = each.next)
      if (each.next === pending) each.next = pending.next;
  }

  exchangeOf(number: number): GuestExchange | null {
    const { owner, policy } = this.slots[number] ?? noSlot;
    return owner === null || policy === null ? null : { owner, policy };
  }

  /** Forgets all of them. Returns the calls that wait for an outcome. */
  clear(): GuestCall[] {
    const waiting: GuestCall[] = [];
    for (const { pending } of this.slots) {
      for (let each = pending; each !== null; each = each.next)
        if (each.call !== null) waiting.push(each.call);
    }
    this.slots = [];
    this.free = [];
    return waiting;
  }
}

const noSlot = { owner: null, policy: null };
