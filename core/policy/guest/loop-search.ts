import type { GuestLoss } from "./call.ts";

/** How long after a loss of time the next one would be looked into, in ms. */
export const searchMs = 60_000;

/**
 * Whether a guest is to tell where its time runs out. On V8 that costs several times what an entry does, so it begins
 * with the first time that it did: a loop that comes again is found then.
 */
export class LoopSearch {
  private until: number;

  /** @param until in ms, monotonic */
  constructor(until: number) {
    this.until = until;
  }

  /** @param now in ms, monotonic */
  onLost(cause: GuestLoss["cause"], now: number): void {
    if (cause === "cpu") this.until = Math.max(this.until, now + searchMs);
  }

  isOn(now: number): boolean {
    return now < this.until;
  }
}
