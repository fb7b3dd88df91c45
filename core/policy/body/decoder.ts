import type { ProxyError } from "../../errors.ts";
import type { Timers } from "../../net/timers.ts";
import { brotliWindow } from "../../wire/brotli-window.ts";
import {
  brotliProbe,
  type CoderStream,
  type ContentCoding,
  createDecoder,
  decodeWhole,
} from "../../wire/content-coding.ts";
import { ZstdFrames } from "../../wire/zstd-frames.ts";
import { CoderPipe } from "./coder-pipe.ts";
import { type CoderPlace, decoderSize } from "./coder-places.ts";
import type { BodyFailures } from "./failures.ts";
import type { BodyListener } from "./pipe.ts";

/** What may come out of the decoders of one body. */
export interface DecodingLimits {
  /** Bytes. */
  readonly maxBytes: number;
  /** Times what came in, as it came from outside. */
  readonly maxRatio: number;
}

/** What the decoders of one body know together: each of several in a row counts from what came into the first. */
export interface DecodingCount {
  received: number;
}

const MiB = 1024 * 1024;
/** What a decoder of zstd takes for its window at most, in bytes (core/wire/content-coding.ts). */
const mostZstdWindow = 8 * MiB;
/** A short body may well be a thousand times as long decoded: the ratio counts from here on, in bytes. */
const leastForRatio = MiB;
/** Of zstd: a frame has 8 bytes at least, and some runtimes need a decoder for each. */
const mostFrames = 1000;
/** Decoded in this thread, in bytes: 0.2 ms at most. */
const mostWhole = 256 * 1024;

/**
 * Takes a content coding off a body: all of it, or the exchange fails. What is missing, what stands behind the end, and
 * what grows beyond the limits is told from a body that is whole, on every runtime [CVE-2026-22036].
 */
export class BodyDecoder extends CoderPipe {
  protected readonly flushAfter = null;
  private readonly coding: ContentCoding;
  private readonly limits: DecodingLimits;
  private readonly failures: BodyFailures;
  private readonly count: DecodingCount;
  private readonly isFirst: boolean;
  private readonly frames: ZstdFrames | null;
  /** The part that the decoder is at work on. */
  private current: Buffer = Buffer.alloc(0);
  /** Of `received`, what other decoders have taken before this one. */
  private before = 0;
  private isProbing = false;
  /** What comes next was seen before. */
  private isAgain = false;

  constructor(
    coding: ContentCoding,
    { limits, failures, count, isFirst }: DecoderSettings,
    listener: BodyListener,
    timers: Timers,
    place: CoderPlace,
  ) {
    super(listener, timers, place);
    this.coding = coding;
    this.limits = limits;
    this.failures = failures;
    this.count = count;
    this.isFirst = isFirst;
    this.frames = coding === "zstd" ? new ZstdFrames() : null;
  }

  protected open(): CoderStream {
    return createDecoder(this.coding);
  }

  protected whole(bytes: Buffer): Buffer | null {
    // Nobody encodes nothing, and many say of an empty body that it was encoded.
    if (bytes.length === 0) return bytes;
    const frames = this.coding === "zstd" ? new ZstdFrames() : null;
    frames?.push(bytes);
    if (frames !== null && (!frames.areWhole || frames.count > mostFrames)) return null;
    if (this.isFirst) this.count.received = bytes.length;
    return decodeWhole(this.coding, bytes, mostWhole);
  }

  protected checkLength(): void {
    const { maxBytes, maxRatio } = this.limits;
    if (this.produced > maxBytes) throw this.failures.tooLarge(maxBytes);
    // A decoder of zstd fills its window as it goes on.
    if (this.coding === "zstd") this.demand(Math.min(this.produced, mostZstdWindow));
    if (this.produced > leastForRatio && this.produced > this.count.received * maxRatio) {
      throw this.failures.malformed(`it is more than ${maxRatio} times as long as it came`);
    }
  }

  protected onTaken(bytes: Buffer): void {
    this.current = bytes;
    // One of brotli fills it with the first bytes that it reads.
    if (this.coding === "br" && this.received === bytes.length) this.demand(brotliWindow(bytes[0]!));
    if (this.isFirst) this.count.received = this.received;
    if (!this.isAgain) this.follow(bytes);
    this.isAgain = false;
  }

  private follow(bytes: Buffer): void {
    const { frames } = this;
    if (frames === null) return;
    frames.push(bytes);
    if (frames.count > mostFrames) throw this.failures.malformed(`it is of more than ${mostFrames} frames`);
  }

  protected finishInput(stream: CoderStream): void {
    if (this.frames?.areWhole === false) this.fail(this.truncated());
    else if (this.coding !== "br") stream.end();
    else {
      this.isProbing = true;
      stream.write(brotliProbe, () => {
        if (this.isOver || this.stream !== stream) return;
        if (this.leftOf(stream) > 0) stream.end();
        else this.fail(this.truncated());
      });
    }
  }

  /** @param memory bytes, beside what every decoder takes */
  private demand(memory: number): void {
    if (!this.place.grow(decoderSize + Math.ceil(memory / MiB))) throw this.failures.exhausted();
  }

  /** Bytes that the decoder did not take. */
  private leftOf(stream: CoderStream): number {
    return this.received + Number(this.isProbing) - this.before - stream.bytesWritten;
  }

  protected onCoderEnd(): Buffer | null {
    const left = this.leftOf(this.stream!);
    if (this.isProbing) {
      if (left === 1) return null;
      throw left === 0 ? this.truncated() : this.surplus();
    }
    if (left === 0) return null;
    // A body of zstd may have several frames, and not every decoder goes on to the next one.
    if (this.frames === null || left >= this.current.length) throw this.surplus();
    this.before = this.received - left;
    this.isAgain = true;
    return Buffer.from(this.current.subarray(this.current.length - left));
  }

  private truncated(): ProxyError {
    return this.failures.malformed(`it ends before its ${this.coding} does`);
  }

  private surplus(): ProxyError {
    return this.failures.malformed(`something stands behind its ${this.coding}`);
  }

  protected failure(error: Error): ProxyError {
    return this.failures.malformed(`it is no ${this.coding}`, error);
  }
}

export interface DecoderSettings {
  readonly limits: DecodingLimits;
  readonly failures: BodyFailures;
  readonly count: DecodingCount;
  /** Whether what comes into it came from outside. */
  readonly isFirst: boolean;
}
