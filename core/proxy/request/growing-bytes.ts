/** Bytes that come in parts of any size, copied into one piece: parts of one byte each cost one byte each. */
const least = 1024;

export class GrowingBytes {
  length = 0;
  private bytes: Buffer = Buffer.alloc(0);

  add(part: Buffer): void {
    const length = this.length + part.length;
    if (length > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, this.bytes.length * 2, least));
      this.bytes.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    part.copy(this.bytes, this.length);
    this.length = length;
  }

  /** All of them; it is empty afterwards. */
  take(): Buffer {
    const bytes = this.bytes.subarray(0, this.length);
    this.bytes = Buffer.alloc(0);
    this.length = 0;
    return bytes;
  }
}
