/**
 * How many requests a cluster gets at once, found out from its latency: with less than it can carry latency stays
 * what it is, with more a queue grows and latency with it.
 *
 * The choice, of two that are known to work: the gradient is taken against the latency without a queue, measured
 * under little load, as Envoy's adaptive concurrency filter does. `Gradient2Limit` of Netflix's concurrency-limits
 * takes it against a long average instead, which under steady overload follows the queue upwards, and the limit
 * follows the average. What Envoy pays for its measurement, a moment in which nearly everything is refused, is paid
 * here only by a cluster that is at its limit: any time with so few requests that there can be no queue is taken
 * for a measurement (Little's law), and so is a limit that fell far without the latency falling.
 */
import type { ConcurrencyConfig } from "../../config/traffic-model.ts";
import { sharedClock } from "../../store/shared/clock.ts";
import { LimitMemory, limitWords } from "./limit-memory.ts";
import { openTo, type Priority } from "./priority.ts";

/** Of the first second. */
const firstLimit = 20;

/** In ms; no latency is taken for less, as there are ratios of them. */
const shortest = 0.001;

/** Latencies are looked at together for at least this long, in ms, and for two of them. */
const shortestWindow = 100;
const longestWindow = 1_000;
/** Latencies that make a window, and those that do after `patience` ms more. */
const plenty = 50;
const fewest = 10;
const patience = 1_000;
/** ms after which a window that did not fill says nothing of now. */
const stale = 10_000;

/** ms between two measurements under load, and the share by which they move at random. */
const measureEvery = 30_000;
const jitter = 0.15;
/** ms to a measurement when there is reason to think that the one before was of a slower time. */
const measureSoon = 5_000;

/** A limit shrinks by no more than this in a window: its latencies are in part those of the limit before. */
const steepest = 0.5;
/** How far the latency without a queue follows what is measured, of the way there. */
const follow = 0.25;
/** A latency that is lower than the one without a queue by this factor is not so by chance. */
const lower = 0.8;

/** What was seen between two looks at the limit. */
interface Window {
  /** Of the latencies, in ms. */
  readonly median: number;
  readonly answered: boolean;
  /** Most requests at once. */
  readonly peak: number;
  /** Whether a request found no place. */
  readonly turnedAway: boolean;
}

export class GradientLimit {
  private readonly config: ConcurrencyConfig;
  private readonly now: () => number;
  private readonly random: () => number;
  private readonly memory: LimitMemory;

  /**
   * @param now in ms, the same for all who share the words; never goes back
   * @param random in [0, 1): proxies that started together do not measure together
   * @param words `limitWords` of them, zero at first: who shares them shares the limit
   *
   * @example
   * const limit = new GradientLimit({ least: 4, most: 1000, tolerance: 1.5 });
   * if (limit.onStart()) limit.onEnd(12.5, true);
   */
  constructor(
    config: ConcurrencyConfig,
    now: () => number = sharedClock,
    random: () => number = Math.random,
    words: Int32Array = new Int32Array(limitWords),
  ) {
    this.config = config;
    this.now = now;
    this.random = random;
    this.memory = new LimitMemory(words);
    this.memory.exclusively(() => this.begin());
  }

  /** One that goes on with what is known already keeps to its own bounds. */
  private begin(): void {
    const { memory } = this;
    if (memory.isKnown) {
      memory.exact = this.bounded(memory.exact);
      return;
    }
    const now = this.now();
    memory.exact = this.bounded(firstLimit);
    memory.top = memory.exact;
    memory.best = Number.NaN;
    memory.windowEnds = now + shortestWindow;
    memory.nextMeasurement = this.measurementAfter(now);
    memory.begin();
  }

  /** Requests at once that the cluster gets now. */
  get limit(): number {
    return this.memory.limit;
  }

  get inFlight(): number {
    return this.memory.running;
  }

  /**
   * Whether a request may go to the cluster; if so `onEnd` must follow, once.
   *
   * @param priority less important requests find some of the places closed
   */
  onStart(priority: Priority = 0): boolean {
    const { memory } = this;
    const before = memory.addRunning(1);
    if (before >= openTo(priority, memory.limit)) {
      memory.addRunning(-1);
      memory.turnedAway = true;
      return false;
    }
    this.noteRunning(before);
    return true;
  }

  /** Whether a request would be let through now, without counting it. */
  isOpen(priority: Priority): boolean {
    const { memory } = this;
    if (memory.running < openTo(priority, memory.limit)) return true;
    memory.turnedAway = true;
    return false;
  }

  /** A request that `isOpen` let through begins to be work, limit or no limit; `onEnd` must follow, once. */
  onLateStart(): void {
    this.noteRunning(this.memory.addRunning(1));
  }

  private noteRunning(before: number): void {
    if (before === 0) this.forgetStale();
    if (before >= this.memory.peak) this.memory.peak = before + 1;
  }

  /**
   * @param latency in ms, from the start to the response head, or to the failure
   * @param ok false for what says nothing of the time that an answer takes: no connection, a reset, a timeout. Quick
   *   ones are left out, slow ones count: an answer would have taken at least as long
   */
  onEnd(latency: number, ok: boolean): void {
    const { memory } = this;
    const { sample } = memory;
    memory.addRunning(-1);
    if (ok || latency > this.config.tolerance * memory.best) sample.add(Math.max(latency, shortest), ok);
    const now = this.now();
    if (now < memory.windowEnds || !this.isFull(now)) return;
    // Another thread may have closed it in between.
    memory.exclusively(() => {
      if (now >= memory.windowEnds && this.isFull(now)) this.closeWindow(now);
    });
  }

  private isFull(now: number): boolean {
    const { sample, windowEnds } = this.memory;
    return sample.count >= (now < windowEnds + patience ? plenty : fewest);
  }

  private closeWindow(now: number): void {
    const { memory } = this;
    const { peak, turnedAway } = memory;
    const median = memory.sample.median();
    const answered = memory.sample.isMostlyAnswers;
    this.openWindow(now, median);
    if (memory.held > 0) this.measure(now, median, answered);
    else this.adjust(now, { median, answered, peak, turnedAway });
    // It is refused anyway: a limit that keeps nobody out need not be measured anew.
    if (turnedAway && memory.held === 0 && now >= memory.nextMeasurement) this.beginMeasurement();
  }

  private adjust(now: number, window: Window): void {
    const { memory } = this;
    const { median, answered, peak, turnedAway } = window;
    if (Number.isNaN(memory.best)) {
      if (!answered) return;
      memory.best = median;
      // With so many at once there may have been a queue already.
      if (peak > this.noQueue(memory.exact)) memory.nextMeasurement = now;
      return;
    }
    if (answered && median < memory.best) this.followDown(now, median);
    if (peak <= this.noQueue(memory.exact)) {
      if (!answered) return;
      memory.best += follow * (median - memory.best);
      memory.nextMeasurement = this.measurementAfter(now);
      if (!turnedAway) return;
    }
    memory.exact = this.bounded(this.next(window));
    memory.top = Math.max(memory.top, memory.exact);
    this.noteSlowness(now, median, answered);
  }

  private next({ median, peak, turnedAway }: Window): number {
    const { exact, best } = this.memory;
    const gradient = Math.max(steepest, Math.min(1, (this.config.tolerance * best) / median));
    const next = gradient * (exact + Math.sqrt(exact));
    // A limit that nobody came near to has not been tried; those who are turned away early do come near.
    return next > exact && peak < exact / 2 && !turnedAway ? exact : next;
  }

  /** It is not a queue that makes the cluster slow, if it stays slow when there is none. */
  private noteSlowness(now: number, median: number, answered: boolean): void {
    const { memory } = this;
    const isSlow = memory.exact <= this.quiet(memory.top) && median > this.config.tolerance * memory.best;
    memory.slowWindows = isSlow ? memory.slowWindows + 1 : 0;
    // In the first of them the requests end that were there before.
    if (memory.slowWindows >= 2 && answered) this.measured(now, median);
  }

  private beginMeasurement(): void {
    const { memory } = this;
    memory.held = memory.exact;
    memory.settled = false;
    memory.exact = this.quiet(memory.exact);
  }

  private measure(now: number, median: number, answered: boolean): void {
    const { memory } = this;
    if (!memory.settled) {
      memory.settled = true;
      return;
    }
    memory.exact = this.bounded(memory.held);
    memory.held = 0;
    const before = memory.best;
    if (answered) this.measured(now, median);
    else memory.nextMeasurement = this.measurementAfter(now);
    // The limit that was measured under came of a latency that was too high, and so may have left a queue itself.
    if (answered && median < before * lower) memory.nextMeasurement = now + measureSoon;
  }

  private measured(now: number, median: number): void {
    const { memory } = this;
    memory.best = median;
    memory.top = memory.exact;
    memory.slowWindows = 0;
    memory.nextMeasurement = this.measurementAfter(now);
  }

  /** Single windows are quick by chance, so it follows slowly; but a cluster may have become so much quicker. */
  private followDown(now: number, median: number): void {
    const { memory } = this;
    const { best } = memory;
    if (median < best * lower) {
      memory.nextMeasurement = Math.min(memory.nextMeasurement, now + measureSoon);
    }
    memory.best = median < best / 2 ? median : best + follow * (median - best);
  }

  /**
   * How many requests leave no queue. A limit is the tolerance times what the cluster works on at once; half of
   * that is on the safe side.
   */
  private noQueue(limit: number): number {
    return limit / (2 * this.config.tolerance);
  }

  /** The limit to measure under. */
  private quiet(limit: number): number {
    return Math.max(this.config.least, this.noQueue(limit));
  }

  private bounded(limit: number): number {
    return Math.max(this.config.least, Math.min(this.config.most, limit));
  }

  private openWindow(now: number, median: number): void {
    const { memory } = this;
    memory.sample.clear();
    memory.peak = memory.running;
    memory.turnedAway = false;
    memory.windowEnds = now + Math.min(longestWindow, Math.max(shortestWindow, 2 * median));
  }

  private forgetStale(): void {
    const now = this.now();
    const { memory } = this;
    if (now <= memory.windowEnds + stale) return;
    memory.exclusively(() => {
      if (now > memory.windowEnds + stale) this.openWindow(now, 0);
    });
  }

  private measurementAfter(now: number): number {
    return now + measureEvery * (1 + jitter * (2 * this.random() - 1));
  }
}
