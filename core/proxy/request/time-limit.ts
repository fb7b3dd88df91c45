import { ProxyError } from "../../errors.ts";
import { Timer, type Timers } from "../../net/timers.ts";
import { deadlineOf } from "../../upstream/retry/deadline.ts";
import type { Exchange } from "../exchange.ts";

/** The time that an exchange has for all of its attempts: when it is over without a response, the exchange fails. */
export class TimeLimit {
  /** When it is over, as `performance.now()` tells it. */
  readonly end: number;
  private readonly timer: Timer;
  private readonly timers: Timers;

  /**
   * @param timeout ms for all attempts, from the begin of the exchange; 0: none
   * @param budget ms that the client left; null: it said nothing
   * @param spent ms that the exchange has been on another route
   */
  constructor(exchange: Exchange, timeout: number, budget: number | null, spent: number) {
    this.end = deadlineOf(exchange.startedAt, timeout, budget);
    const time = this.end - exchange.startedAt;
    this.timer = new Timer(() => {
      if (exchange.status !== 0) return;
      const message = `No response in ${Math.round(time)} ms`;
      exchange.fail(new ProxyError("deadline_exceeded", message, { source: "upstream" }));
    });
    this.timers = exchange.client.reactor.timers;
    this.timers.arm(
      this.timer,
      budget === null && spent === 0 ? timeout : roundedUp(Math.max(0, time - spent)),
    );
  }

  /** The exchange is over. */
  cancel(): void {
    this.timers.disarm(this.timer);
  }
}

/** Timers of equal length are cheap, and any number of ms can be left. */
function roundedUp(ms: number): number {
  return Math.ceil(ms / 50) * 50;
}
