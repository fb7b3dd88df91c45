/** Of more latencies the last ones are kept. */
const capacity = 256;

/** Latencies of a moment, for their median: one slow route or one slow endpoint does not move it. */
export class LatencySample {
  private readonly latencies = new Float64Array(capacity);
  private added = 0;
  private failures = 0;

  /** @param latency in ms */
  add(latency: number, ok: boolean): void {
    this.latencies[this.added++ % capacity] = latency;
    if (!ok) this.failures++;
  }

  get count(): number {
    return this.added;
  }

  get isMostlyAnswers(): boolean {
    return this.failures * 2 < this.added;
  }

  /** NaN without any. */
  median(): number {
    const kept = this.latencies.subarray(0, Math.min(this.added, capacity)).sort();
    return kept.length === 0 ? Number.NaN : kept[kept.length >> 1]!;
  }

  clear(): void {
    this.added = 0;
    this.failures = 0;
  }
}
