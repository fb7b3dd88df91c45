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
import { LatencySample } from "./latency-sample.ts";

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

export class GradientLimit {
  private readonly config: ConcurrencyConfig;
  private readonly now: () => number;
  private readonly random: () => number;
  private readonly sample = new LatencySample();
  /** Not rounded, or small ones could not grow. */
  private exact: number;
  private running = 0;
  /** Most requests at once in this window. */
  private peak = 0;
  /** Whether a request of this window found no place. */
  private turnedAway = false;
  private windowEnds: number;
  /** Latency without a queue in ms; NaN before the first window. */
  private best = Number.NaN;
  /** Highest limit since `best` was measured. */
  private top: number;
  /** Windows in a row with a limit so low that there can be no queue, and a latency as if there were one. */
  private slowWindows = 0;
  private nextMeasurement: number;
  /** The limit to come back to; 0: no measurement is under way. */
  private held = 0;
  private settled = false;

  /**
   * @param now in ms, monotonic
   * @param random in [0, 1): proxies that started together do not measure together
   *
   * @example
   * const limit = new GradientLimit({ least: 4, most: 1000, tolerance: 1.5 });
   * if (limit.onStart()) limit.onEnd(12.5, true);
   */
  constructor(
    config: ConcurrencyConfig,
    now: () => number = () => performance.now(),
    random: () => number = Math.random,
  ) {
    this.config = config;
    this.now = now;
    this.random = random;
    this.exact = this.bounded(firstLimit);
    this.top = this.exact;
    this.windowEnds = now() + shortestWindow;
    this.nextMeasurement = this.measurementAfter(now());
  }

  /** Requests at once that the cluster gets now. */
  get limit(): number {
    return Math.floor(this.exact);
  }

  get inFlight(): number {
    return this.running;
  }

  /** Whether a request may go to the cluster; if so `onEnd` must follow, once. */
  onStart(): boolean {
    if (this.running >= this.limit) {
      this.turnedAway = true;
      return false;
    }
    if (this.running === 0) this.forgetStale();
    if (++this.running > this.peak) this.peak = this.running;
    return true;
  }

  /**
   * @param latency in ms, from the start to the response head, or to the failure
   * @param ok false for what says nothing of the time that an answer takes: no connection, a reset, a timeout. Quick
   *   ones are left out, slow ones count: an answer would have taken at least as long
   */
  onEnd(latency: number, ok: boolean): void {
    this.running--;
    if (ok || latency > this.config.tolerance * this.best) this.sample.add(Math.max(latency, shortest), ok);
    const now = this.now();
    if (now < this.windowEnds) return;
    if (this.sample.count >= (now < this.windowEnds + patience ? plenty : fewest)) this.closeWindow(now);
  }

  private closeWindow(now: number): void {
    const median = this.sample.median();
    const answered = this.sample.isMostlyAnswers;
    const { peak, turnedAway } = this;
    this.openWindow(now, median);
    if (this.held > 0) this.measure(now, median, answered);
    else this.adjust(now, median, answered, peak);
    // It is refused anyway: a limit that keeps nobody out need not be measured anew.
    if (turnedAway && this.held === 0 && now >= this.nextMeasurement) this.beginMeasurement();
  }

  private adjust(now: number, median: number, answered: boolean, peak: number): void {
    if (Number.isNaN(this.best)) {
      if (answered) this.best = median;
      return;
    }
    if (answered && median < this.best) this.followDown(now, median);
    if (peak <= this.noQueue(this.exact)) {
      if (!answered) return;
      this.best += follow * (median - this.best);
      this.nextMeasurement = this.measurementAfter(now);
      return;
    }
    this.exact = this.bounded(this.next(median, peak));
    this.top = Math.max(this.top, this.exact);
    this.noteSlowness(now, median, answered);
  }

  private next(median: number, peak: number): number {
    const { exact } = this;
    const gradient = Math.max(steepest, Math.min(1, (this.config.tolerance * this.best) / median));
    const next = gradient * (exact + Math.sqrt(exact));
    // A limit that nobody came near to has not been tried.
    return next > exact && peak < exact / 2 ? exact : next;
  }

  /** It is not a queue that makes the cluster slow, if it stays slow when there is none. */
  private noteSlowness(now: number, median: number, answered: boolean): void {
    const isSlow = this.exact <= this.quiet(this.top) && median > this.config.tolerance * this.best;
    this.slowWindows = isSlow ? this.slowWindows + 1 : 0;
    // In the first of them the requests end that were there before.
    if (this.slowWindows >= 2 && answered) this.measured(now, median);
  }

  private beginMeasurement(): void {
    this.held = this.exact;
    this.settled = false;
    this.exact = this.quiet(this.exact);
  }

  private measure(now: number, median: number, answered: boolean): void {
    if (!this.settled) {
      this.settled = true;
      return;
    }
    this.exact = this.held;
    this.held = 0;
    const before = this.best;
    if (answered) this.measured(now, median);
    else this.nextMeasurement = this.measurementAfter(now);
    // The limit that was measured under came of a latency that was too high, and so may have left a queue itself.
    if (answered && median < before * lower) this.nextMeasurement = now + measureSoon;
  }

  private measured(now: number, median: number): void {
    this.best = median;
    this.top = this.exact;
    this.slowWindows = 0;
    this.nextMeasurement = this.measurementAfter(now);
  }

  /** Single windows are quick by chance, so it follows slowly; but a cluster may have become so much quicker. */
  private followDown(now: number, median: number): void {
    if (median < this.best * lower) this.nextMeasurement = Math.min(this.nextMeasurement, now + measureSoon);
    this.best = median < this.best / 2 ? median : this.best + follow * (median - this.best);
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
    this.sample.clear();
    this.peak = this.running;
    this.turnedAway = false;
    this.windowEnds = now + Math.min(longestWindow, Math.max(shortestWindow, 2 * median));
  }

  private forgetStale(): void {
    const now = this.now();
    if (now > this.windowEnds + stale) this.openWindow(now, 0);
  }

  private measurementAfter(now: number): number {
    return now + measureEvery * (1 + jitter * (2 * this.random() - 1));
  }
}
