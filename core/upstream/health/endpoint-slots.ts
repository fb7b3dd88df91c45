import { keyedHash } from "../../store/shared/keyed-hash.ts";
import { PackedText } from "../../store/shared/packed-text.ts";
import { type EndpointMemory, headerWord, slotStart, slotUse, slotWord } from "./endpoint-memory.ts";

/** The slot of an endpoint that found no room. Nothing is known of it, so it is always fit to be used. */
export const noSlot = -1;

/**
 * Which endpoint has which slot: open addressing, from the slot that the key's hash names to the next one. It is
 * the same in all threads, from the first that takes a slot until the last gives it back.
 *
 * All of it happens under the lock. A slot that is freed while another thread has passed it and a third takes it
 * would otherwise give one endpoint two slots, and nobody takes slots but at a change of the endpoints.
 */
export class EndpointSlots {
  private readonly memory: EndpointMemory;
  private readonly words: Int32Array;
  private readonly key = new PackedText(256);
  private keyLow = 0;
  private keyHigh = 0;

  constructor(memory: EndpointMemory) {
    this.memory = memory;
    this.words = memory.words;
  }

  acquire(key: string): number {
    this.pack(key);
    return this.memory.locked(() => {
      const slot = this.find();
      if (slot === noSlot) return this.claim();
      this.words[slotStart(slot) + slotWord.references]! += 1;
      return slot;
    });
  }

  release(slot: number): void {
    this.memory.locked(() => {
      const at = slotStart(slot) + slotWord.references;
      if (this.words[at] === 0) throw new Error(`Cannot release endpoint slot ${slot}: nobody holds it`);
      this.words[at]! -= 1;
      if (this.words[at] === 0) this.free(slot);
    });
  }

  /** Slots that are taken. */
  get taken(): number {
    return this.memory.locked(() => {
      let taken = 0;
      for (let slot = 0; slot < this.memory.slots; slot++) {
        if (this.useOf(slot) === slotUse.taken) taken++;
      }
      return taken;
    });
  }

  /** 64 bits of keyed hash stand for the key: in one of 10^12 tables two of 4096 endpoints share them. */
  private pack(key: string): void {
    const { words } = this;
    this.key.pack(key);
    const { byteLength, isWide } = this.key;
    const seed = (index: number) => words[headerWord.seeds + index]!;
    // A text of wide characters may have the bytes of one of narrow ones.
    const width = isWide ? 1 : 0;
    this.keyLow = keyedHash(this.key.words, byteLength, seed(0) ^ width, seed(1));
    this.keyHigh = keyedHash(this.key.words, byteLength, seed(2) ^ width, seed(3));
  }

  private find(): number {
    for (let step = 0; step < this.memory.slots; step++) {
      const slot = this.after(this.keyLow, step);
      const use = this.useOf(slot);
      if (use === slotUse.never) return noSlot;
      if (use === slotUse.taken && this.hasKey(slot)) return slot;
    }
    return noSlot;
  }

  private hasKey(slot: number): boolean {
    const at = slotStart(slot);
    return (
      this.words[at + slotWord.keyLow] === this.keyLow && this.words[at + slotWord.keyHigh] === this.keyHigh
    );
  }

  private claim(): number {
    for (let step = 0; step < this.memory.slots; step++) {
      const slot = this.after(this.keyLow, step);
      if (this.useOf(slot) === slotUse.taken) continue;
      const at = slotStart(slot);
      this.words.fill(0, at, slotStart(slot + 1));
      this.words[at + slotWord.keyLow] = this.keyLow;
      this.words[at + slotWord.keyHigh] = this.keyHigh;
      this.words[at + slotWord.references] = 1;
      this.memory.setDouble(slot, slotWord.changed, this.memory.now());
      this.setUse(slot, slotUse.taken);
      return slot;
    }
    return noSlot;
  }

  /** Freed slots that no search has to pass any more become as new, so that searches stay short. */
  private free(slot: number): void {
    this.setUse(slot, slotUse.freed);
    if (this.useOf(this.after(slot, 1)) !== slotUse.never) return;
    for (let last = slot; this.useOf(last) === slotUse.freed; last = this.after(last, -1)) {
      this.setUse(last, slotUse.never);
    }
  }

  private after(slot: number, steps: number): number {
    return (slot + steps) & (this.memory.slots - 1);
  }

  private useOf(slot: number): number {
    return this.words[slotStart(slot) + slotWord.use]!;
  }

  private setUse(slot: number, use: number): void {
    this.words[slotStart(slot) + slotWord.use] = use;
  }
}
