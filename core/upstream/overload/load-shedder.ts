/**
 * Which requests are refused while the event loop is behind. A proxy that takes more than it can do serves nobody in
 * time; one that refuses some of it, the least important first, serves the rest (Google, "Site Reliability
 * Engineering", chapter 21, "Handling Overload": criticality, and load shedding by it).
 */
import type { SheddingConfig } from "../../config/traffic-model.ts";
import { type Priority, priorities } from "./priority.ts";

const levels = priorities.length;

/**
 * Share of the way to a new lag that is gone at each sample, up and down. Up: one long turn of the event loop, a
 * garbage collection say, is no overload. Down: the lag falls as soon as requests are refused, and so would rise again.
 */
const rise = 0.3;
const fall = 0.1;

/** Refusing stops at this share of the lag at which it began: without it, it would begin and stop all the time. */
const endsAt = 0.5;

/** Of the most important requests some always pass: with none there would be no answer that tells of the recovery. */
const mostRefused = 0.95;

/** Seconds that the refused are told to stay away: at least, and more by this the heavier the overload is. */
const shortestStay = 1;
const longerStay = 4;

export class LoadShedder {
  private readonly config: SheddingConfig;
  private readonly random: () => number;
  private smoothed = 0;
  private active = false;
  /** In [0, 1]: how far the lag is on its way from where refusing ends to where nothing can be refused any more. */
  private pressure = 0;
  /** Probability of being refused, of each priority. */
  private readonly odds = new Float64Array(levels);

  /**
   * @param random in [0, 1)
   *
   * @example
   * const shedder = new LoadShedder({ begins: 50, full: 500 });
   * shedder.onLag(3);
   * shedder.refuses(3); // false
   */
  constructor(config: SheddingConfig, random: () => number = Math.random) {
    this.config = config;
    this.random = random;
  }

  /**
   * @param lag of the event loop in ms, at regular times (`EventLoopLag`)
   */
  onLag(lag: number): void {
    const { begins, full } = this.config;
    // A machine that slept is not overloaded for the next minutes.
    const believed = Math.min(lag, 2 * full);
    this.smoothed += (believed > this.smoothed ? rise : fall) * (believed - this.smoothed);
    const ends = begins * endsAt;
    if (this.active ? this.smoothed < ends : this.smoothed <= begins) {
      this.active = false;
      this.pressure = 0;
      return;
    }
    this.active = true;
    this.pressure = Math.min(1, (this.smoothed - ends) / (full - ends));
    this.setOdds();
  }

  /** Lag over the last samples, in ms. */
  get lag(): number {
    return this.smoothed;
  }

  get isShedding(): boolean {
    return this.active;
  }

  /**
   * Whether this request is to be refused.
   *
   * @param luck in [0, 1), at random: a request that is asked about again has the same
   */
  refuses(priority: Priority, luck: number = this.random()): boolean {
    return this.active && luck < this.odds[priority]!;
  }

  /** Probability in [0, 1] that a request is refused now. */
  oddsOf(priority: Priority): number {
    return this.active ? this.odds[priority]! : 0;
  }

  /**
   * Seconds for the Retry-After of a refusal (RFC 9110 section 10.2.3). At random, so that those who were refused
   * together do not come back together.
   */
  retryAfter(): number {
    return shortestStay + Math.floor(this.random() * (1 + longerStay * this.pressure));
  }

  /** One priority after the other: the next one begins to go when the one before is gone. */
  private setOdds(): void {
    for (let priority = 0; priority < levels; priority++) {
      const spared = levels - 1 - priority;
      this.odds[priority] = Math.max(0, Math.min(1, this.pressure * levels - spared));
    }
    this.odds[0] = Math.min(mostRefused, this.odds[0]!);
  }
}
