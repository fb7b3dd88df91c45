const most = 10_000;

/** Keys that were looked for in vain a moment ago: what is asked for often and never kept costs a look-up a second. */
export class AbsentKeys {
  private readonly until = new Map<string, number>();
  private readonly time: number;

  /** @param time for which it is believed, in ms */
  constructor(time: number) {
    this.time = time;
  }

  add(key: string): void {
    if (this.until.size >= most) this.until.clear();
    this.until.set(key, performance.now() + this.time);
  }

  has(key: string): boolean {
    const until = this.until.get(key);
    if (until === undefined) return false;
    if (performance.now() < until) return true;
    this.until.delete(key);
    return false;
  }

  delete(key: string): void {
    this.until.delete(key);
  }

  clear(): void {
    this.until.clear();
  }
}
