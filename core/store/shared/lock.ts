/** A lock in shared memory. Its word is 0 when free, 1 when held, 2 when held and somebody may sleep for it. */

/** Tries before a thread goes to sleep: longer than an operation takes, shorter than a change of threads. */
const spins = 200;
/** Longest sleep in ms: a thread that was woken and died before it ran keeps the others waiting for this long. */
const longestSleep = 20;

/**
 * Takes the lock. What it guards takes microseconds, so who holds it for `patience` is dead.
 *
 * @param patience in ms
 * @returns false when the lock was not free for so long
 */
export function lock(words: Int32Array, at: number, patience: number): boolean {
  if (Atomics.compareExchange(words, at, 0, 1) === 0) return true;
  for (let spin = 0; spin < spins; spin++) {
    if (Atomics.load(words, at) === 0 && Atomics.compareExchange(words, at, 0, 1) === 0) return true;
  }
  const end = performance.now() + patience;
  // Who comes out of here does not know whether others sleep, and so leaves 2.
  while (Atomics.exchange(words, at, 2) !== 0) {
    const left = end - performance.now();
    if (left <= 0) return false;
    Atomics.wait(words, at, 2, Math.min(left, longestSleep));
  }
  return true;
}

export function unlock(words: Int32Array, at: number): void {
  if (Atomics.exchange(words, at, 0) === 2) Atomics.notify(words, at, 1);
}
