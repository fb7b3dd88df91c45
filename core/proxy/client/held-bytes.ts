/** Bytes of pipelined requests that wait for the current one. */

const most = 64 * 1024;

export class HeldBytes {
  private pieces: Buffer[] = [];
  private length = 0;

  /** Whether no more should be read until some are taken. */
  get isFull(): boolean {
    return this.length >= most;
  }

  add(bytes: Buffer): void {
    this.pieces.push(bytes);
    this.length += bytes.length;
  }

  /** All of them, or null when there are none. */
  take(): Buffer | null {
    const { pieces } = this;
    if (pieces.length === 0) return null;
    this.pieces = [];
    this.length = 0;
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }
}
