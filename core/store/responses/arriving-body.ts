/** A body that is being recorded, for those who read it meanwhile: each at its own pace, from what has arrived. */
import { ProxyError } from "../../errors.ts";
import type { PartListener } from "../disk/file-body.ts";

/** Bytes that a reader is given at once. */
const mostAtOnce = 64 * 1024;

/** What has arrived of a body so far. */
export class ArrivingBytes {
  /** Of the whole body. */
  readonly length: number;
  readonly parts: Buffer[] = [];
  /** `broken`: no more of it will come. */
  state: "arriving" | "whole" | "broken" = "arriving";
  private readonly readers = new Set<ArrivingReader>();
  private readonly onFollowed: () => void;
  private arrived = 0;

  /** @param onFollowed told when the first one reads */
  constructor(length: number, onFollowed: () => void) {
    this.length = length;
    this.onFollowed = onFollowed;
  }

  /** Whether somebody reads it. */
  get isFollowed(): boolean {
    return this.readers.size > 0;
  }

  /** @param bytes that nobody writes to any more */
  add(bytes: Buffer): void {
    this.arrived += bytes.length;
    this.parts.push(bytes);
    for (const reader of [...this.readers]) reader.onMore();
  }

  end(isWhole: boolean): void {
    if (this.state !== "arriving") return;
    this.state = isWhole && this.arrived === this.length ? "whole" : "broken";
    for (const reader of [...this.readers]) reader.onMore();
  }

  follow(reader: ArrivingReader): void {
    const isFirst = this.readers.size === 0;
    this.readers.add(reader);
    if (isFirst) this.onFollowed();
  }

  leave(reader: ArrivingReader): void {
    this.readers.delete(reader);
  }
}

export class ArrivingBody {
  readonly length: number;
  private readonly bytes_: ArrivingBytes;
  private readonly start: number;

  constructor(bytes: ArrivingBytes, [start, end]: readonly [number, number] = [0, bytes.length]) {
    this.bytes_ = bytes;
    this.start = start;
    this.length = Math.max(0, end - start);
  }

  /**
   * A part of it.
   *
   * @param end exclusive
   */
  slice(start: number, end: number): ArrivingBody {
    const last = this.start + this.length;
    const from = Math.min(last, this.start + Math.max(0, start));
    return new ArrivingBody(this.bytes_, [from, Math.min(last, this.start + Math.max(0, end))]);
  }

  /** To be ended or cancelled. */
  open(): ArrivingReader {
    return new ArrivingReader(this.bytes_, this.start, this.start + this.length);
  }

  /** All of it, when it has arrived. */
  bytes(): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const parts: Buffer[] = [];
    const reader = this.open();
    const listener: PartListener = {
      onPart(bytes) {
        parts.push(bytes);
        reader.pull(listener);
      },
      onEnd: () => resolve(Buffer.concat(parts)),
      onFailed: reject,
    };
    reader.pull(listener);
    return promise;
  }
}

export class ArrivingReader {
  private readonly bytes: ArrivingBytes;
  private readonly end: number;
  /** The part to be read next, and where it begins in the body. */
  private index = 0;
  private partStart = 0;
  private at: number;
  private listener: PartListener | null = null;
  private isOver = false;

  constructor(bytes: ArrivingBytes, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    bytes.follow(this);
  }

  /** Asks for the next part, unless one is asked for. */
  pull(listener: PartListener): void {
    if (this.isOver || this.listener !== null) return;
    this.listener = listener;
    // Not at once: each part asks for the next one.
    queueMicrotask(() => this.onMore());
  }

  /** More has arrived, or nothing will any more. */
  onMore(): void {
    const { listener } = this;
    if (this.isOver || listener === null) return;
    if (this.at >= this.end) {
      this.cancel();
      listener.onEnd();
      return;
    }
    const part = this.take();
    if (part !== null) {
      this.listener = null;
      listener.onPart(part);
    } else if (this.bytes.state !== "arriving") {
      this.cancel();
      listener.onFailed(broken());
    }
  }

  private take(): Buffer | null {
    const { parts } = this.bytes;
    const taken: Buffer[] = [];
    let length = 0;
    while (this.index < parts.length && length < mostAtOnce && this.at < this.end) {
      const part = parts[this.index]!;
      const to = Math.min(part.length, this.end - this.partStart);
      const bytes = part.subarray(Math.max(0, this.at - this.partStart), Math.max(0, to));
      if (bytes.length > 0) taken.push(bytes);
      length += bytes.length;
      this.at += bytes.length;
      this.partStart += part.length;
      this.index++;
    }
    if (taken.length === 0) return null;
    return taken.length === 1 ? taken[0]! : Buffer.concat(taken);
  }

  cancel(): void {
    this.isOver = true;
    this.listener = null;
    this.bytes.leave(this);
  }
}

function broken(): ProxyError {
  return new ProxyError("response_truncated", "The response that was being recorded broke off", {
    source: "upstream",
  });
}
