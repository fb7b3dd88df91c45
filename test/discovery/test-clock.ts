interface Alarm {
  readonly due: number;
  readonly run: () => void;
}

/** Time that passes when the test says so. */
export class TestClock {
  #now = 0;
  readonly #alarms = new Set<Alarm>();
  #armed: (() => void)[] = [];

  readonly now = (): number => this.#now;

  readonly after = (ms: number, run: () => void): (() => void) => {
    const alarm = { due: this.#now + ms, run };
    this.#alarms.add(alarm);
    for (const resolve of this.#armed.splice(0)) resolve();
    return () => this.#alarms.delete(alarm);
  };

  /** ms until each alarm, in order. */
  get waits(): number[] {
    return [...this.#alarms].map(({ due }) => due - this.#now).sort((one, other) => one - other);
  }

  /** Waits until something waits for so many ms. */
  async untilWaiting(ms: number): Promise<void> {
    // What is waited for may keep no process alive.
    const alive = setInterval(() => {}, 60_000);
    while (!this.waits.includes(ms)) await new Promise<void>((resolve) => this.#armed.push(resolve));
    clearInterval(alive);
  }

  /** Lets time pass. */
  advance(ms: number): void {
    this.#now += ms;
    for (const alarm of [...this.#alarms].sort((one, other) => one.due - other.due)) {
      if (alarm.due > this.#now || !this.#alarms.delete(alarm)) continue;
      alarm.run();
    }
  }

  /** Waits until something waits for so many ms, and lets them pass. */
  async pass(ms: number): Promise<void> {
    await this.untilWaiting(ms);
    this.advance(ms);
  }
}
