/** Bytes that there is room for, however little memory a plugin's guest has. */
const leastBytes = 64 * 1024 * 1024;
/** Times the memory of the guest. */
const guests = 4;

/**
 * The memory for bodies that a plugin's guest gave and that are on their way: they count no longer towards the memory of the
 * guest, and clients that read slowly hold on to them.
 */
export class GivenRoom {
  private readonly most: number;
  private count = 0;

  /** @param memory of the plugin's guest, in bytes */
  constructor(memory: number) {
    this.most = Math.max(leastBytes, guests * memory);
  }

  /** In bytes. */
  get taken(): number {
    return this.count;
  }

  /** Any length has room that is alone. */
  take(bytes: number): boolean {
    if (this.count + bytes > this.most && this.count > 0) return false;
    this.count += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.count -= bytes;
  }
}
