/** What one connection reads into; see ReadBuffers for why there are two kinds. */
import type { ReadBuffers } from "../net/read-buffer.ts";

export class ReadMemory {
  private readonly buffers: ReadBuffers;
  private own: Buffer | null = null;

  constructor(buffers: ReadBuffers) {
    this.buffers = buffers;
  }

  /** Where the next read goes: memory of its own while a long body arrives. */
  next(isLong: boolean): Buffer {
    if (isLong) {
      this.own ??= this.buffers.take();
      return this.own;
    }
    if (this.own !== null) this.buffers.giveBack(this.own);
    this.own = null;
    return this.buffers.shared;
  }

  /** Bytes of the current read, fit to be written on. */
  sliceToKeep(bytes: Buffer, start: number, end: number): Buffer {
    const slice = bytes.subarray(start, end);
    return bytes === this.buffers.shared ? Buffer.from(slice) : slice;
  }

  /** A write of such a slice has not finished: the next read must go elsewhere. */
  retain(): void {
    this.own = null;
  }

  /** Like `retain`, until the loan is over. Null: the memory is not of the kind that is given back. */
  lend(bytes: Buffer): ReadLoan | null {
    if (bytes !== this.own) return null;
    this.own = null;
    return new ReadLoan(this.buffers, bytes);
  }
}

/** Memory that somebody looks at between reads. */
export class ReadLoan {
  private readonly buffers: ReadBuffers;
  private readonly buffer: Buffer;

  constructor(buffers: ReadBuffers, buffer: Buffer) {
    this.buffers = buffers;
    this.buffer = buffer;
  }

  /** Nothing refers to it any more; once. */
  giveBack(): void {
    this.buffers.giveBack(this.buffer);
  }
}
