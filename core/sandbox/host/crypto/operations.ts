import { HostCallError } from "../error.ts";
import { FairTurns, type Lane } from "../fair-turns.ts";
import { Turns } from "../turns.ts";
import type { CryptoLimits } from "./limits.ts";

/** The crypto operations of one guest that run or wait, and the bounds on them. */
export class CryptoOperations {
  private readonly limits: CryptoLimits;
  private readonly running: Turns;
  private readonly heavy = new Turns(1);
  /** For places in the thread pool. */
  private readonly lane: Lane = [];
  private readonly heavyLane: Lane = [];
  private count = 0;
  private heavyCount = 0;
  private bytes = 0;
  private isDisposed = false;

  constructor(limits: CryptoLimits) {
    this.limits = limits;
    this.running = new Turns(limits.operations);
  }

  /** Operations that run or wait now. */
  get size(): number {
    return this.count;
  }

  /**
   * Starts an operation over `bytes` bytes, when it is its turn: a burst is no fault of who meets it.
   *
   * @throws HostCallError `QuotaExceededError` when too many wait
   */
  async run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    this.admit(bytes);
    this.count++;
    this.bytes += bytes;
    try {
      const turn = this.running.enter();
      if (turn !== null) await turn;
      try {
        return await this.pooled(this.lane, work);
      } finally {
        this.running.leave();
      }
    } finally {
      this.count--;
      this.bytes -= bytes;
    }
  }

  /**
   * Like `run`, for what holds a thread for long: one at a time for all guests, in turn. Those that wait are fewer, since
   * they would wait for too long, and are in no other's way.
   */
  async runHeavy<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (this.heavyCount >= this.limits.operations) throw tooMany(`${this.heavyCount} that take long`);
    this.admit(bytes);
    this.heavyCount++;
    this.count++;
    this.bytes += bytes;
    try {
      return await this.heavy.take(() =>
        this.unlessEnded(() => heavyOfAll.take(() => this.pooled(this.heavyLane, work))),
      );
    } finally {
      this.heavyCount--;
      this.count--;
      this.bytes -= bytes;
    }
  }

  /** Gives up what waits; what runs already cannot be stopped. */
  dispose(): void {
    this.isDisposed = true;
  }

  private admit(bytes: number): void {
    const { operations, waiting, runningBytes } = this.limits;
    if (this.count >= operations + waiting) throw tooMany(String(this.count));
    if (this.bytes + bytes > runningBytes) {
      throw new HostCallError(
        "QuotaExceededError",
        `Cannot start the crypto operation: with it, those under way would hold more than ${runningBytes} bytes`,
      );
    }
  }

  private pooled<T>(lane: Lane, work: () => Promise<T>): Promise<T> {
    return threads.take(lane, () => this.unlessEnded(work));
  }

  /** A guest that is lost again and again would leave a minute of work behind each time. */
  private unlessEnded<T>(work: () => Promise<T>): Promise<T> {
    if (this.isDisposed)
      throw new HostCallError("InvalidStateError", "Cannot use crypto: the plugin has ended");
    return work();
  }
}

function tooMany(found: string): HostCallError {
  return new HostCallError(
    "QuotaExceededError",
    `Cannot start the crypto operation: ${found} are under way already`,
  );
}

/**
 * Of the four threads of the pool that the runtime also compresses bodies and looks names up with, two stay free; where
 * there are several reactors, the pool has more (see data-process.ts). What takes long leaves one for what does not.
 */
const threads = new FairTurns(2);
const heavyOfAll = new Turns(1);
