import { HostCallError } from "../error.ts";
import type { CryptoLimits } from "./limits.ts";

/** The crypto operations of one guest that run or wait, and the bounds on them. */
export class CryptoOperations {
  private readonly limits: CryptoLimits;
  private readonly heavy = new Turns(1);
  private count = 0;
  private bytes = 0;
  private isDisposed = false;

  constructor(limits: CryptoLimits) {
    this.limits = limits;
  }

  /** Operations that run or wait now. */
  get size(): number {
    return this.count;
  }

  /**
   * Starts an operation over `bytes` bytes of data.
   *
   * @throws HostCallError `QuotaExceededError` when too many run
   */
  run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (this.count >= this.limits.operations) {
      throw new HostCallError(
        "QuotaExceededError",
        `Cannot start the crypto operation: ${this.limits.operations} run already`,
      );
    }
    if (this.bytes + bytes > this.limits.runningBytes) {
      throw new HostCallError(
        "QuotaExceededError",
        `Cannot start the crypto operation: with it, those that run would hold more than ${this.limits.runningBytes} bytes`,
      );
    }
    return this.counted(bytes, work);
  }

  /** Like `run`, for what holds a thread for long: one at a time for a guest, and a few for all guests. */
  runHeavy<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    return this.run(bytes, () =>
      this.heavy.take(() => {
        this.checkWanted();
        return heavyOfAll.take(() => {
          this.checkWanted();
          return work();
        });
      }),
    );
  }

  /** Gives up what waits; what runs already cannot be stopped. */
  dispose(): void {
    this.isDisposed = true;
  }

  /** A guest that is lost again and again would leave a minute of work behind each time. */
  private checkWanted(): void {
    if (this.isDisposed)
      throw new HostCallError("InvalidStateError", "Cannot use crypto: the plugin has ended");
  }

  private async counted<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    this.count++;
    this.bytes += bytes;
    try {
      return await work();
    } finally {
      this.count--;
      this.bytes -= bytes;
    }
  }
}

/** Lets so many pieces of work run at a time; the others wait in the order in which they came. */
class Turns {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(atOnce: number) {
    this.free = atOnce;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.free++;
      else next();
    }
  }
}

/** Of the four threads of the pool that the runtime also looks names up with, two stay free. */
const heavyOfAll = new Turns(2);
