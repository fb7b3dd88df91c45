/** Bytes of bodies that are being recorded, at most, however little memory there is for those that are stored. */
const leastBytes = 64 * 1024 * 1024;

/**
 * The memory for bodies while they pass and are recorded. Clients that read slowly hold on to what they have read of a
 * body that may be stored, so without a bound a thousand of them would take a thousand times the longest body.
 */
export class RecordingRoom {
  /** Recordings that were given up because there was no room. */
  refused = 0;
  private most = leastBytes;
  private taken = 0;

  /** @param capacity bytes for what is stored */
  resize(capacity: number): void {
    this.most = Math.max(leastBytes, capacity / 4);
  }

  /**
   * More bytes of a recording. Any length has room that is alone.
   *
   * @param held that the recording has taken so far
   */
  take(bytes: number, held: number): boolean {
    if (this.taken + bytes > this.most && this.taken > held) return false;
    this.taken += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.taken -= bytes;
  }
}
