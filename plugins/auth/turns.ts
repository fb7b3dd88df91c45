/**
 * Work that cannot all be done at once. The host has queues of its own, but does not know what is behind them: here a client for whom there is no
 * time is told so (503), keys and logins need not wait behind everybody's tokens, and jose never meets a refusal of the host, which it takes for a
 * bad signature.
 */

/** There is too much to do: nothing is known of the credentials. */
export class Busy extends Error {
  override readonly name = "Busy";
}

export interface TurnsOptions {
  readonly atOnce: number;
  /** More are refused. */
  readonly mostWaiting: number;
  /** Ms; who waited longer is refused when its turn comes: a phase that takes too long is a fault. */
  readonly longestWait: number;
  /** Ms of a clock that never goes back. */
  readonly now: () => number;
}

interface Waiting {
  readonly since: number;
  readonly resolve: () => void;
  readonly reject: (reason: Busy) => void;
}

/**
 * Lets so many pieces of work run at a time; the others wait in the order in which they came.
 *
 * @example
 * const turns = new Turns({ atOnce: 1, mostWaiting: 16, longestWait: 1000, now: () => performance.now() });
 * await turns.take(() => isPassword(password));
 */
export class Turns {
  private readonly options: TurnsOptions;
  private free: number;
  private waiting: Waiting[] = [];

  constructor(options: TurnsOptions) {
    this.options = options;
    this.free = options.atOnce;
  }

  /** @throws Busy, by rejection, when the work was not begun */
  async take<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await this.turn();
    try {
      return await work();
    } finally {
      this.pass();
    }
  }

  private turn(): Promise<void> {
    const { mostWaiting, now } = this.options;
    if (this.waiting.length >= mostWaiting) throw new Busy("too many wait already");
    return new Promise((resolve, reject) => this.waiting.push({ since: now(), resolve, reject }));
  }

  private pass(): void {
    const { longestWait, now } = this.options;
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      if (now() - next.since <= longestWait) {
        next.resolve();
        return;
      }
      next.reject(new Busy("it took too long"));
    }
    this.free++;
  }
}

const now = () => performance.now();

/** For signatures and encryption: short, and in the host's threads. Half of what the host runs at a time, for all policies of this plugin. */
export const cryptoTurns: Turns = new Turns({ atOnce: 32, mostWaiting: 4096, longestWait: 2000, now });

/** For questions to other servers: the host has 64 of a plugin under way at a time, and keys and logins need some of them. */
export const questionTurns: Turns = new Turns({ atOnce: 48, mostWaiting: 2048, longestWait: 2000, now });

/** For passwords, which take long on purpose: the host derives from one at a time. */
export const passwordTurns: Turns = new Turns({ atOnce: 1, mostWaiting: 64, longestWait: 1500, now });
