/**
 * Runs one action after the other: each begins when the one before has ended, however that went.
 *
 * @example
 * const turns = new OneByOne();
 * const reloaded = turns.run(() => reload());
 * const rolledBack = turns.run(() => rollBack()); // after the reload
 */
export class OneByOne {
  #last: Promise<unknown> = Promise.resolve();

  /** Returns what the action comes to; if it fails, those behind it run all the same. */
  run<Result>(action: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(action);
    this.#last = result.catch(() => {});
    return result;
  }
}
