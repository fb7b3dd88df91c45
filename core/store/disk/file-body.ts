/** A body in a file: read block by block while it is sent, each block checked before it goes on. */
import type { FileHandle } from "node:fs/promises";
import { blockBytes, bodyOffset, type EntryLayout, isBlockWhole } from "./entry-format.ts";

/** How long a file stays open for an answer that has not begun, in ms. */
const lease = 10_000;

/** The open file, for all who read from it. It closes when nobody does any more. */
export class OpenFile {
  private readonly handle: FileHandle;
  private readonly onClose: () => void;
  private readers = 0;
  private timer: NodeJS.Timeout | null = null;
  isClosed = false;

  constructor(handle: FileHandle, onClose: () => void) {
    this.handle = handle;
    this.onClose = onClose;
    this.keep();
  }

  /** Keeps it open for somebody who may begin to read. */
  keep(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => this.closeIfIdle(), lease).unref();
  }

  begin(): void {
    this.readers++;
  }

  end(): void {
    this.readers--;
    if (this.timer === null) this.closeIfIdle();
  }

  async read(length: number, position: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(length);
    for (let at = 0; at < length; ) {
      const { bytesRead } = await this.handle.read(bytes, at, length - at, position + at);
      if (bytesRead === 0) throw new Error("the file is shorter than it was");
      at += bytesRead;
    }
    return bytes;
  }

  private closeIfIdle(): void {
    this.timer = null;
    if (this.readers > 0 || this.isClosed) return;
    this.isClosed = true;
    this.onClose();
    this.handle.close().catch(() => {});
  }
}

/** What takes the parts of a body, one for each that it asks for. */
export interface PartListener {
  onPart(bytes: Buffer): void;
  onEnd(): void;
  onFailed(error: unknown): void;
}

export class FileBody {
  readonly length: number;
  private readonly file: OpenFile;
  private readonly layout: EntryLayout;
  private readonly checksums: Buffer;
  private readonly start: number;
  /** Told when a block is not what was written. */
  private readonly onCorrupt: () => void;

  constructor(
    file: OpenFile,
    layout: EntryLayout,
    checksums: Buffer,
    onCorrupt: () => void,
    [start, end]: readonly [number, number] = [0, layout.bodyLength],
  ) {
    this.file = file;
    this.layout = layout;
    this.checksums = checksums;
    this.onCorrupt = onCorrupt;
    this.start = start;
    this.length = Math.max(0, end - start);
    file.keep();
  }

  /**
   * A part of it.
   *
   * @param end exclusive
   */
  slice(start: number, end: number): FileBody {
    const last = this.start + this.length;
    const from = Math.min(last, this.start + Math.max(0, start));
    const to = Math.min(last, this.start + Math.max(0, end));
    return new FileBody(this.file, this.layout, this.checksums, this.onCorrupt, [from, Math.max(from, to)]);
  }

  /** To be ended or cancelled. */
  open(): FileBodyReader {
    return new FileBodyReader(
      this.file,
      (at, end) => this.readBlock(at, end),
      this.start,
      this.start + this.length,
    );
  }

  /** All of it. */
  async bytes(): Promise<Buffer> {
    const parts: Buffer[] = [];
    const end = this.start + this.length;
    for (let at = this.start; at < end; at += parts.at(-1)!.length) parts.push(await this.readBlock(at, end));
    return Buffer.concat(parts);
  }

  /** From `at` to the end of its block, or to `end`. */
  private async readBlock(at: number, end: number): Promise<Buffer> {
    const block = Math.floor(at / blockBytes);
    const from = block * blockBytes;
    const to = Math.min(from + blockBytes, this.layout.bodyLength);
    const bytes = await this.file.read(to - from, bodyOffset(this.layout) + from);
    if (!isBlockWhole(bytes, this.checksums, block)) {
      this.onCorrupt();
      throw new Error("a block of the file is not what was written");
    }
    return at === from && end >= to ? bytes : bytes.subarray(at - from, Math.min(to, end) - from);
  }
}

export class FileBodyReader {
  private readonly file: OpenFile;
  private readonly readBlock: (at: number, end: number) => Promise<Buffer>;
  private readonly last: number;
  private at: number;
  private isReading = false;
  private isOver = false;

  constructor(
    file: OpenFile,
    readBlock: (at: number, end: number) => Promise<Buffer>,
    start: number,
    end: number,
  ) {
    this.file = file;
    this.readBlock = readBlock;
    this.at = start;
    this.last = end;
    file.begin();
  }

  /** Asks for the next part, unless one is asked for. */
  pull(listener: PartListener): void {
    if (this.isOver || this.isReading) return;
    if (this.at >= this.last) {
      this.cancel();
      listener.onEnd();
      return;
    }
    this.isReading = true;
    this.readBlock(this.at, this.last).then(
      (bytes) => {
        this.isReading = false;
        if (this.isOver) return;
        this.at += bytes.length;
        listener.onPart(bytes);
      },
      (error: unknown) => {
        if (this.isOver) return;
        this.cancel();
        listener.onFailed(error);
      },
    );
  }

  cancel(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.file.end();
  }
}
