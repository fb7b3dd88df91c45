/** Messages that wait to enter a guest, in their order. */

import type { GuestCall } from "./call.ts";
import { EntryShare } from "./entry-share.ts";

/** What enters the guest at once. */
export interface Batch {
  readonly messages: string[];
  readonly bytes: Uint8Array | undefined;
  /** Whether nothing else may enter with it. */
  readonly isAlone: boolean;
  /** Of each message; null: it expects no outcome. */
  readonly calls: (GuestCall | null)[];
  readonly slots: number[];
}

export function aloneBatch(
  message: string,
  bytes: Uint8Array | undefined,
  call: GuestCall | null,
  slot: number,
): Batch {
  return { messages: [message], bytes, isAlone: true, calls: [call], slots: [slot] };
}

export class GuestQueue {
  private readonly share = new EntryShare();
  private batches: Batch[] = [];

  get isEmpty(): boolean {
    return this.batches.length === 0;
  }

  add(message: string, call: GuestCall | null, slot: number): void {
    let batch = this.batches.at(-1);
    if (batch === undefined || batch.isAlone || batch.messages.length >= this.share.size) {
      batch = { messages: [], bytes: undefined, isAlone: false, calls: [], slots: [] };
      this.batches.push(batch);
    }
    batch.messages.push(message);
    batch.calls.push(call);
    batch.slots.push(slot);
  }

  addAlone(message: string, bytes: Uint8Array | undefined, call: GuestCall | null, slot: number): void {
    this.batches.push(aloneBatch(message, bytes, call, slot));
  }

  /**
   * What is to enter next; null: nothing may.
   *
   * @param onlyCompletions while a guest is being made: what its `setup` waits for
   */
  take(onlyCompletions: boolean): Batch | null {
    const index = onlyCompletions
      ? this.batches.findIndex(({ calls }) => calls.every((call) => call === null))
      : 0;
    const batch = this.batches[index];
    if (batch === undefined) return null;
    const { size } = this.share;
    const { messages, calls, slots } = batch;
    if (messages.length > size) {
      return {
        ...batch,
        messages: messages.splice(0, size),
        calls: calls.splice(0, size),
        slots: slots.splice(0, size),
      };
    }
    this.batches.splice(index, 1);
    return batch;
  }

  /** What the guest has left of a batch: it is the next to enter, from this index on. */
  putBack({ messages, calls, slots }: Batch, from: number): void {
    const rest = { messages: messages.slice(from), calls: calls.slice(from), slots: slots.slice(from) };
    this.batches.unshift({ ...rest, bytes: undefined, isAlone: false });
  }

  /** @param ms that a batch took */
  onEntered(batch: Batch, ms: number): void {
    this.share.onEntry(batch.messages.length, ms);
  }

  /** Forgets all of it. Returns the calls that wait for an outcome. */
  clear(): GuestCall[] {
    const waiting = this.batches.flatMap(({ calls }) => calls).filter((call) => call !== null);
    this.batches = [];
    return waiting;
  }
}
