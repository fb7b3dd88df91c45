const most = 10_000;
/** Code units of all keys together. */
const longest = 4 * 1024 * 1024;

/** Keys that were looked for in vain a moment ago: what is asked for often and never kept costs a look-up a second. */
export class AbsentKeys {
  private readonly until = new Map<string, number>();
  private readonly time: number;
  private length = 0;

  /** @param time for which it is believed, in ms */
  constructor(time: number) {
    this.time = time;
  }

  add(key: string): void {
    this.delete(key);
    if (this.until.size >= most || this.length + key.length > longest) this.clear();
    this.until.set(key, performance.now() + this.time);
    this.length += key.length;
  }

  has(key: string): boolean {
    const until = this.until.get(key);
    if (until === undefined) return false;
    if (performance.now() < until) return true;
    this.delete(key);
    return false;
  }

  delete(key: string): void {
    if (this.until.delete(key)) this.length -= key.length;
  }

  clear(): void {
    this.until.clear();
    this.length = 0;
  }
}
