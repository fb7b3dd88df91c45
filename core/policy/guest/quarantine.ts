/** Leaves a plugin alone that is lost again and again: each loss costs its budget of CPU, and a new guest. */

/** So many faults within the window. */
const mostFaults = 5;
const windowMs = 10_000;
const firstWaitMs = 1000;
const longestWaitMs = 60_000;
/** New guests that could not be made, one after the other. Each may take as long as a `setup` may. */
const mostFailedStarts = 2;

export class Quarantine {
  private faults: number[] = [];
  private closed = false;
  private nextWait = firstWaitMs;
  private openedAt = 0;
  private failedStarts = 0;

  /** Whether the plugin is out of service. */
  get isClosed(): boolean {
    return this.closed;
  }

  /** Time until the next try, in ms. */
  get wait(): number {
    return this.closed ? this.nextWait : 0;
  }

  /** @param now in ms, monotonic */
  onFault(now: number): void {
    this.faults = this.faults.filter((at) => now - at < windowMs);
    this.faults.push(now);
    if (this.closed) {
      this.nextWait = Math.min(this.nextWait * 2, longestWaitMs);
      return;
    }
    // One try after a quarantine: a fault on it says that nothing has changed.
    const relapsed = this.openedAt > 0 && now - this.openedAt < windowMs;
    if (this.faults.length < mostFaults && !relapsed) return;
    this.closed = true;
    this.nextWait = relapsed ? Math.min(this.nextWait * 2, longestWaitMs) : firstWaitMs;
  }

  /**
   * A new guest could not be made.
   *
   * @param isCounted it was lost on the way there, which was a fault
   */
  onFailedStart(now: number, isCounted: boolean): void {
    if (!isCounted) this.onFault(now);
    if (++this.failedStarts < mostFailedStarts || this.closed) return;
    this.closed = true;
    this.nextWait = firstWaitMs;
  }

  /** Out of service until somebody makes a new one. */
  close(): void {
    this.closed = true;
  }

  /** A new guest is there. */
  open(now = performance.now()): void {
    this.failedStarts = 0;
    if (!this.closed) return;
    this.closed = false;
    this.faults = [];
    this.openedAt = now;
  }
}
