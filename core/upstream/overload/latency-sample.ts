/** Of more latencies the last ones are kept. */
const capacity = 256;

const addedAt = 0;
const failuresAt = 1;
const latenciesAt = 2;

/** Length of its memory, in 32-bit words. */
export const latencySampleWords = latenciesAt + capacity;

const longest = 0x7fff_ffff;

/** Latencies of a moment, for their median: one slow route or one slow endpoint does not move it. */
export class LatencySample {
  /** In µs. */
  private readonly latencies: Int32Array;
  private readonly words: Int32Array;

  /** @param words `latencySampleWords` of them, which several threads may share */
  constructor(words: Int32Array) {
    this.words = words;
    this.latencies = words.subarray(latenciesAt, latencySampleWords);
  }

  /** @param latency in ms */
  add(latency: number, ok: boolean): void {
    const at = Atomics.add(this.words, addedAt, 1) & (capacity - 1);
    Atomics.store(this.latencies, at, Math.min(longest, Math.round(latency * 1000)));
    if (!ok) Atomics.add(this.words, failuresAt, 1);
  }

  get count(): number {
    return Atomics.load(this.words, addedAt);
  }

  get isMostlyAnswers(): boolean {
    return Atomics.load(this.words, failuresAt) * 2 < this.count;
  }

  /** In ms; NaN without any. */
  median(): number {
    const kept = this.latencies.slice(0, Math.min(this.count, capacity)).sort();
    return kept.length === 0 ? Number.NaN : kept[kept.length >> 1]! / 1000;
  }

  clear(): void {
    Atomics.store(this.words, addedAt, 0);
    Atomics.store(this.words, failuresAt, 0);
  }
}
