/** Bytes that wait to be written, and writes under way, at most: a disk that is slow must not fill the memory. */
const mostBytes = 16 * 1024 * 1024;
const mostWrites = 64;

/** What is done to files, in order for each of them, bounded over all. */
export class WriteQueue {
  private readonly tails = new Map<string, Promise<void>>();
  private bytes = 0;
  private writes = 0;

  /** Whether something may be written: anything may that is alone. */
  hasRoomFor(length: number): boolean {
    return this.writes === 0 || (this.writes < mostWrites && this.bytes + length <= mostBytes);
  }

  /** @param length of what it keeps in memory; 0: nothing */
  add(file: string, length: number, action: () => Promise<void>): Promise<void> {
    this.bytes += length;
    if (length > 0) this.writes++;
    const former = this.tails.get(file);
    const tail = (former === undefined ? action() : former.then(action)).finally(() => {
      this.bytes -= length;
      if (length > 0) this.writes--;
      if (this.tails.get(file) === tail) this.tails.delete(file);
    });
    this.tails.set(file, tail);
    return tail;
  }

  /** Null: nothing is under way. */
  tailOf(file: string): Promise<void> | null {
    return this.tails.get(file) ?? null;
  }

  async settled(): Promise<void> {
    while (this.tails.size > 0) await Promise.all(this.tails.values());
  }
}
