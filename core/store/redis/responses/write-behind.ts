/** Values that wait to be written, and bytes of them, at most: a server that is slow must not fill the memory. */
const mostBytes = 16 * 1024 * 1024;
const mostWaiting = 1024;
/** Bytes on their way at a time; a longer one is alone. Look-ups share the connection, and come behind. */
const mostUnderWay = 256 * 1024;

interface Write {
  readonly bytes: number;
  readonly write: () => Promise<void>;
}

/** What is written behind the answers: the latest value of each name, a little at a time. */
export class WriteBehind {
  private readonly waiting = new Map<string, Write>();
  private bytes = 0;
  private underWay = 0;
  private onIdle: (() => void) | null = null;

  /**
   * @param bytes that it keeps in memory
   * @param write never rejects
   * @returns whether there was room for it
   */
  add(name: string, bytes: number, write: () => Promise<void>): boolean {
    this.drop(name);
    const isFull = this.waiting.size >= mostWaiting || this.bytes + bytes > mostBytes;
    if (isFull && this.waiting.size > 0) return false;
    this.waiting.set(name, { bytes, write });
    this.bytes += bytes;
    this.advance();
    return true;
  }

  /** Returns whether it was waiting. */
  drop(name: string): boolean {
    const write = this.waiting.get(name);
    if (write === undefined) return false;
    this.waiting.delete(name);
    this.bytes -= write.bytes;
    return true;
  }

  /** Returns how many were waiting. */
  clear(): number {
    const { size } = this.waiting;
    this.waiting.clear();
    this.bytes = 0;
    this.settle();
    return size;
  }

  /** Resolves when nothing waits and nothing is under way. */
  async settled(): Promise<void> {
    while (this.waiting.size > 0 || this.underWay > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.onIdle = resolve;
      await promise;
    }
  }

  private advance(): void {
    for (const [name, { bytes, write }] of this.waiting) {
      if (this.underWay > 0 && this.underWay + bytes > mostUnderWay) return;
      this.drop(name);
      // One without bytes takes a place as well.
      const cost = bytes + 1;
      this.underWay += cost;
      void write().then(() => {
        this.underWay -= cost;
        this.advance();
        this.settle();
      });
    }
  }

  private settle(): void {
    if (this.waiting.size > 0 || this.underWay > 0) return;
    this.onIdle?.();
    this.onIdle = null;
  }
}
