/** Lets so many pieces of work run at a time; the others wait in the order in which they came. */
export class Turns {
  private free: number;
  /** Those that wait, the first one first. */
  private readonly waiting = new Set<() => void>();

  constructor(atOnce: number) {
    this.free = atOnce;
  }

  get mustWait(): boolean {
    return this.free === 0;
  }

  /**
   * Takes a place, which `leave` gives back.
   *
   * @param signal of those who may give up while they wait: then the promise rejects with its reason, and there is no place
   * @returns null: it is there
   */
  enter(signal?: AbortSignal): Promise<void> | null {
    if (this.free > 0) {
      this.free--;
      return null;
    }
    return new Promise((resolve, reject) => {
      const begin = () => {
        signal?.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = () => {
        this.waiting.delete(begin);
        reject(signal!.reason);
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      this.waiting.add(begin);
    });
  }

  leave(): void {
    const [next] = this.waiting;
    if (next === undefined) this.free++;
    else {
      this.waiting.delete(next);
      next();
    }
  }

  /** @example await turns.take(() => derive(password)); */
  async take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.enter();
    if (turn !== null) await turn;
    try {
      return await work();
    } finally {
      this.leave();
    }
  }
}
