import { type Timer, Timers } from "../net/timers.ts";
import type { JumpingClock } from "./test-clock.ts";

/** Real time after which a handler ends on a clock that stands still, in ms: a test that forgot it would never end. */
const longestStandstill = 20_000;

/** How long handlers may take, by the clock of a test. */
export class GuestTimers extends Timers {
  private readonly time: JumpingClock;
  private readonly armedTimers = new Map<Timer, () => void>();

  constructor(time: JumpingClock) {
    super();
    this.time = time;
  }

  override arm(timer: Timer, ms: number): void {
    this.disarm(timer);
    const { armedTimers } = this;
    const giveUp = () => {
      stop();
      clearTimeout(net);
    };
    const end = () => {
      if (armedTimers.get(timer) !== giveUp) return;
      this.disarm(timer);
      timer.onDue();
    };
    const stop = this.time.after(ms, (jumped) => {
      // What a handler does at its deadline comes before its end, as in service, where timers are late.
      if (jumped) this.time.after(0, end);
      // As in `Timers`: what it waits for may have come while a busy machine stood still.
      else setTimeout(() => setImmediate(end), 0);
    });
    const net = this.time.runs
      ? undefined
      : setTimeout(() => this.standsStill(end), Math.max(ms, longestStandstill));
    net?.unref();
    armedTimers.set(timer, giveUp);
  }

  private standsStill(end: () => void): void {
    console.error(
      "A handler has waited for long while the clock of the test stood still: gateway.clock.advance moves it",
    );
    end();
  }

  override disarm(timer: Timer): void {
    const giveUp = this.armedTimers.get(timer);
    this.armedTimers.delete(timer);
    giveUp?.();
  }
}
