/** Messages that wait to enter a guest, in their order. */

import { type MessagePart, messageParts } from "../../../sdk/runtime/message.ts";
import type { GuestCall } from "./call.ts";
import { EntryShare } from "./entry-share.ts";

/** What enters the guest at once. */
export interface Batch {
  /** Of the messages. */
  readonly parts: MessagePart[];
  /** In their place: one message, with which nothing else may enter; null: there is none. */
  readonly alone: string | null;
  /** Beside that one. */
  readonly bytes: Uint8Array | undefined;
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
  return { parts: [], alone: message, bytes, calls: [call], slots: [slot] };
}

export class GuestQueue {
  private readonly share = new EntryShare();
  private batches: Batch[] = [];

  get isEmpty(): boolean {
    return this.batches.length === 0;
  }

  /** @param number of sdk/runtime/message.ts */
  add(
    kind: string,
    number: number,
    context: string,
    payload: string,
    call: GuestCall | null,
    slot: number,
  ): void {
    let batch = this.batches.at(-1);
    if (batch === undefined || batch.alone !== null || batch.calls.length >= this.share.size) {
      batch = { parts: [], alone: null, bytes: undefined, calls: [], slots: [] };
      this.batches.push(batch);
    }
    batch.parts.push(kind, number, context, payload);
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
   * @param most messages
   */
  take(onlyCompletions: boolean, most: number): Batch | null {
    const index = onlyCompletions
      ? this.batches.findIndex(({ calls }) => calls.every((call) => call === null))
      : 0;
    const batch = this.batches[index];
    if (batch === undefined) return null;
    const size = Math.min(this.share.size, most);
    const { parts, calls, slots } = batch;
    if (calls.length > size) {
      return {
        ...batch,
        parts: parts.splice(0, size * messageParts),
        calls: calls.splice(0, size),
        slots: slots.splice(0, size),
      };
    }
    this.batches.splice(index, 1);
    return batch;
  }

  /** What the guest has left of a batch: it is the next to enter, from this index on. */
  putBack({ parts, calls, slots }: Batch, from: number): void {
    const rest = {
      parts: parts.slice(from * messageParts),
      calls: calls.slice(from),
      slots: slots.slice(from),
    };
    this.batches.unshift({ ...rest, alone: null, bytes: undefined });
  }

  /** Takes away what a slot still was to be asked. */
  cancel(slot: number): void {
    this.batches = this.batches.filter(({ parts, calls, slots }) => {
      for (let i = calls.length - 1; i >= 0; i--) {
        if (slots[i] !== slot || calls[i] === null) continue;
        parts.splice(i * messageParts, messageParts);
        calls.splice(i, 1);
        slots.splice(i, 1);
      }
      return calls.length > 0;
    });
  }

  /** @param ms that a batch took */
  onEntered(batch: Batch, ms: number): void {
    this.share.onEntry(batch.calls.length, ms);
  }

  /** Forgets all of it. Returns the calls that wait for an outcome. */
  clear(): GuestCall[] {
    const waiting = this.batches.flatMap(({ calls }) => calls).filter((call) => call !== null);
    this.batches = [];
    return waiting;
  }
}
