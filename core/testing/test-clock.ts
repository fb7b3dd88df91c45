import type { HostClock } from "../sandbox/host/basic.ts";
import { HostCalls } from "./host-calls.ts";
import type { TestClock } from "./types.ts";

interface Alarm {
  readonly due: number;
  readonly run: (jumped: boolean) => void;
  timer: NodeJS.Timeout | null;
}

/** What is under way within this process crosses the event loop a few times before it has arrived. */
const turnsUnderWay = 8;

/** Time that runs or stands still, and jumps when it is told to. */
export class JumpingClock implements HostClock, TestClock {
  readonly runs: boolean;
  readonly calls = new HostCalls();
  private readonly begun = performance.now();
  private jumped = 0;
  private readonly alarms = new Set<Alarm>();

  constructor(runs: boolean) {
    this.runs = runs;
  }

  /** Handed on without its object. */
  readonly now = (): number => this.jumped + (this.runs ? performance.now() - this.begun : 0);

  /** @param run told whether time has jumped to that moment, or went on to it by itself */
  after(ms: number, run: (jumped: boolean) => void): () => void {
    const alarm: Alarm = { due: this.now() + ms, run, timer: null };
    this.alarms.add(alarm);
    this.arm(alarm);
    return () => this.forget(alarm);
  }

  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY))
      throw new RangeError(`Cannot advance the clock: expected ms from 0 on, found ${ms}`);
    const target = this.now() + ms;
    // Guests that begin to wait at this moment must be heard before it passes.
    await this.calls.settled(turnsUnderWay);
    for (let next = this.nextBefore(target); next !== null; next = this.nextBefore(target)) {
      this.jumped += Math.max(0, next.due - this.now());
      this.fire(next, true);
      await this.calls.settled(turnsUnderWay);
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
    alarm.timer = setTimeout(() => this.fire(alarm, false), Math.max(0, alarm.due - this.now()));
  }

  private fire(alarm: Alarm, jumped: boolean): void {
    this.forget(alarm);
    alarm.run(jumped);
  }

  private forget(alarm: Alarm): void {
    if (alarm.timer !== null) clearTimeout(alarm.timer);
    this.alarms.delete(alarm);
  }
}
