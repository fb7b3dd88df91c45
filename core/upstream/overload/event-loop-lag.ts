/** ms between two samples. */
const period = 50;

/**
 * How late the event loop is: a timer measures how long after its time it runs, which is how long everything else
 * waited too. `perf_hooks.monitorEventLoopDelay` is no use for it: Deno has the function, but its histogram does not
 * see a loop that stands still (0.8 ms after 200 ms of it in Deno 2.9), and `eventLoopUtilization` is 0 there. A timer
 * shows the same on both runtimes.
 */
export class EventLoopLag {
  private readonly onLag: (lag: number) => void;
  private readonly now: () => number;
  private due: number;
  private timer: NodeJS.Timeout | null = null;

  /**
   * @param onLag gets ms, each time
   * @param now in ms, monotonic
   *
   * @example
   * const lag = new EventLoopLag((ms) => shedder.onLag(ms));
   * lag.start();
   */
  constructor(onLag: (lag: number) => void, now: () => number = () => performance.now()) {
    this.onLag = onLag;
    this.now = now;
    this.due = now() + period;
  }

  /** Begins to measure; keeps no process alive. */
  start(): void {
    if (this.timer !== null) return;
    this.due = this.now() + period;
    this.timer = setInterval(() => this.sample(), period);
    this.timer.unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** What the timer does. */
  sample(): void {
    const now = this.now();
    this.onLag(Math.max(0, now - this.due));
    this.due = now + period;
  }
}
