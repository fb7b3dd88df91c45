/** How much of a turn of the event loop one guest may have: others wait meanwhile. */

/** ms in a turn after which a guest's other messages wait for the next one. */
export const sliceMs = 10;
/** Messages that enter together: from here on the price of an entry is hardly seen any more. */
export const mostMessages = 64;
/** Of a guest that nobody knows yet. */
const first = 2;

/**
 * The number of messages that may enter a guest together. The limit of CPU time is for each of them, so a
 * batch may take as many times as long: whoever was slow gets fewer, and then slowly more again.
 */
export class EntryShare {
  size = first;

  /**
   * @param messages that entered
   * @param ms that they took
   */
  onEntry(messages: number, ms: number): void {
    if (ms > sliceMs) this.size = Math.max(1, Math.floor((messages * sliceMs) / ms));
    else if (messages >= this.size && this.size < mostMessages) this.size++;
  }
}
