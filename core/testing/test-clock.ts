import type { HostClock } from "../sandbox/host/basic.ts";
import type { TestClock } from "./types.ts";

interface Alarm {
  readonly due: number;
  readonly run: () => void;
  timer: NodeJS.Timeout | null;
}

/** Time that runs or stands still, and jumps when it is told to. */
export class JumpingClock implements HostClock, TestClock {
  private readonly runs: boolean;
  private readonly begun = performance.now();
  private jumped = 0;
  private readonly alarms = new Set<Alarm>();

  constructor(runs: boolean) {
    this.runs = runs;
  }

  /** Handed on without its object. */
  readonly now = (): number => this.jumped + (this.runs ? performance.now() - this.begun : 0);

  after(ms: number, run: () => void): () => void {
    const alarm: Alarm = { due: this.now() + ms, run, timer: null };
    this.alarms.add(alarm);
    this.arm(alarm);
    return () => this.forget(alarm);
  }

  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`Cannot advance the clock: expected ms from 0 on, found ${ms}`);
    const target = this.now() + ms;
    // Guests that begin to wait at this moment must be heard before it passes.
    await settled();
    for (let next = this.nextBefore(target); next !== null; next = this.nextBefore(target)) {
      this.jumped += Math.max(0, next.due - this.now());
      this.fire(next);
      await settled();
    }
    this.jumped += Math.max(0, target - this.now());
    for (const alarm of this.alarms) this.arm(alarm);
  }

  private nextBefore(target: number): Alarm | null {
    let first: Alarm | null = null;
    for (const alarm of this.alarms) {
      if (alarm.due <= target && (first === null || alarm.due < first.due)) first = alarm;
    }
    return first;
  }

  private arm(alarm: Alarm): void {
    if (!this.runs) return;
    if (alarm.timer !== null) clearTimeout(alarm.timer);
    alarm.timer = setTimeout(() => this.fire(alarm), Math.max(0, alarm.due - this.now()));
  }

  private fire(alarm: Alarm): void {
    this.forget(alarm);
    alarm.run();
  }

  private forget(alarm: Alarm): void {
    if (alarm.timer !== null) clearTimeout(alarm.timer);
    this.alarms.delete(alarm);
  }
}

/** What is under way within this process has arrived: it crosses the event loop a few times. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
}
