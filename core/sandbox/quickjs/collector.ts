import type { Clock } from "./deadline.ts";

/** Messages between two looks at the memory. */
const messagesPerLook = 4;
/** Bytes of text and bodies that lead to a look before that. */
const bytesPerLook = 262_144;
/** Of the time that passes, at most one part in so many goes into collecting in vain. */
const shareOfTime = 10;

/**
 * Has garbage collected before memory runs out. QuickJS frees most things at once, by counting
 * references; garbage in cycles (an async function is one) it looks for by the number of blocks,
 * blind to their size: a few bodies in cycles would fill the memory of a guest.
 */
export class Collector {
  private readonly hasReserve: () => boolean;
  private readonly collect: () => void;
  private readonly clock: Clock;
  private messages = 0;
  private bytes = 0;
  private notBefore = 0;

  /**
   * @param hasReserve whether there is room enough for some more messages
   * @param collect costs some ms
   */
  constructor(hasReserve: () => boolean, collect: () => void, clock: Clock = () => performance.now()) {
    this.hasReserve = hasReserve;
    this.collect = collect;
    this.clock = clock;
  }

  /** A message with so many bytes has been handled. */
  note(bytes: number): void {
    this.bytes += bytes;
    if (++this.messages < messagesPerLook && this.bytes < bytesPerLook) return;
    this.messages = 0;
    this.bytes = 0;
    if (!this.hasReserve()) this.collectInTurn();
  }

  private collectInTurn(): void {
    const start = this.clock();
    if (start < this.notBefore) return;
    this.collect();
    if (this.hasReserve()) return;
    // All of it is in use. To look for garbage again and again would be all that is done.
    const end = this.clock();
    this.notBefore = end + (end - start) * (shareOfTime - 1);
  }
}
