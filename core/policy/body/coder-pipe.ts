/** A body on its way through a coder of node:zlib, which works on other threads. */
import { ProxyError } from "../../errors.ts";
import { freeMemory } from "../../net/free-memory.ts";
import { Timer, type Timers } from "../../net/timers.ts";
import type { CoderStream } from "../../wire/content-coding.ts";
import type { CoderPlace } from "./coder-places.ts";
import type { BodyListener, BodyPipe } from "./pipe.ts";

/**
 * Up to here a body that is here as a whole is coded in this thread, in bytes: 0.02 to 0.1 ms, where a stream takes
 * 0.1 ms for being made and for its way to another thread and back.
 */
const mostWhole = 16 * 1024;

interface Part {
  readonly bytes: Buffer;
  readonly isOwn: boolean;
}

export abstract class CoderPipe implements BodyPipe {
  protected readonly listener: BodyListener;
  protected stream: CoderStream | null = null;
  /** Bytes that came so far and were given to the coder. */
  protected received = 0;
  protected produced = 0;
  protected isOver = false;
  protected readonly place: CoderPlace;
  private readonly timers: Timers;
  private readonly timer = new Timer(() => this.flush());
  private waiting: Part[] = [];
  private waitingLength = 0;
  private isBegun = false;
  private isWriting = false;
  private isEnded = false;
  private isEnding = false;
  private isHeld = false;

  constructor(listener: BodyListener, timers: Timers, place: CoderPlace) {
    this.listener = listener;
    this.timers = timers;
    this.place = place;
  }

  protected abstract open(): CoderStream;
  /** Codes a body that is here as a whole; null: a stream has to. */
  protected abstract whole(bytes: Buffer): Buffer | null;
  /** How long nothing has to come before what the coder keeps is passed on, in ms; null: it keeps nothing. */
  protected abstract readonly flushAfter: number | null;
  /** @throws ProxyError when that is more than may come of it */
  protected abstract checkLength(): void;
  /**
   * A part is about to go into the coder.
   *
   * @throws ProxyError when there is no memory for what comes of it
   */
  protected abstract onTaken(bytes: Buffer): void;
  /** All parts have gone in. */
  protected abstract finishInput(stream: CoderStream): void;
  /** The coder says that it is done. Returns what it left of its input, to be put into another one. */
  protected abstract onCoderEnd(): Buffer | null;
  protected abstract failure(error: Error): ProxyError;

  private get isBusy(): boolean {
    return this.isWriting || this.isEnded || this.waiting.length > 0;
  }

  push(bytes: Buffer, isOwn: boolean): boolean {
    if (this.isOver) return true;
    this.waiting.push({ bytes, isOwn });
    this.waitingLength += bytes.length;
    this.proceed();
    return false;
  }

  end(): void {
    if (this.isOver || this.isEnded) return;
    this.isEnded = true;
    if (this.stream === null && this.waitingLength <= mostWhole && this.codeWhole()) return;
    this.proceed();
  }

  private proceed(): void {
    if (this.stream !== null) this.pump();
    else if (!this.isBegun) {
      this.isBegun = true;
      // Whether this is all of the body is known once who brought it is done.
      queueMicrotask(() => this.begin());
    }
  }

  private begin(): void {
    if (this.isOver) return;
    this.openStream();
    this.pump();
  }

  private codeWhole(): boolean {
    const bytes = Buffer.concat(this.waiting.map((part) => part.bytes));
    const coded = this.whole(bytes);
    if (coded === null) return false;
    this.received = bytes.length;
    this.produced = coded.length;
    this.attempt(() => this.checkLength());
    if (this.isOver) return true;
    if (coded.length > 0) this.listener.onBodyPart(coded, true);
    this.finish();
    return true;
  }

  private openStream(): void {
    const stream = this.open();
    this.stream = stream;
    stream.on("data", (bytes: Buffer) => this.onData(stream, bytes));
    stream.on("end", () => this.onEnd(stream));
    stream.on("error", (error) => {
      if (this.stream === stream) this.fail(this.failure(error));
    });
    if (this.isHeld) stream.pause();
  }

  protected pump(): void {
    const { stream } = this;
    if (this.isOver || this.isWriting || stream === null) return;
    const part = this.waiting.shift();
    if (part === undefined) {
      if (!this.isEnded || this.isEnding) return;
      this.isEnding = true;
      this.finishInput(stream);
      return;
    }
    const { bytes } = part;
    this.timers.disarm(this.timer);
    this.isWriting = true;
    this.waitingLength -= bytes.length;
    this.received += bytes.length;
    this.attempt(() => this.onTaken(bytes));
    if (this.isOver) return;
    stream.write(bytes, (error) => {
      if (error == null && this.stream === stream) this.onWritten(part);
    });
  }

  private onWritten({ bytes, isOwn }: Part): void {
    if (this.isOver) return;
    this.isWriting = false;
    if (isOwn) freeMemory(bytes);
    if (this.waiting.length > 0 || this.isEnded) {
      this.pump();
      return;
    }
    if (this.flushAfter === 0) this.flush();
    else if (this.flushAfter !== null) this.timers.arm(this.timer, this.flushAfter);
    this.listener.onBodyDrained();
  }

  /** Whoever waits for what has come so far gets it. */
  private flush(): void {
    if (!this.isOver && !this.isBusy) this.stream?.flush();
  }

  private onData(stream: CoderStream, bytes: Buffer): void {
    if (this.isOver || this.stream !== stream) return;
    this.produced += bytes.length;
    this.attempt(() => this.checkLength());
    if (this.isOver) return;
    this.listener.onBodyPart(bytes, true);
    if (!this.isOver && !this.isBusy) this.listener.onBodyDrained();
  }

  private onEnd(stream: CoderStream): void {
    if (this.isOver || this.stream !== stream) return;
    this.attempt(() => {
      const rest = this.onCoderEnd();
      if (rest === null) this.finish();
      else this.restart(rest);
    });
  }

  /** A body may be of several parts that were coded each for itself. */
  private restart(rest: Buffer): void {
    this.stream?.destroy();
    this.openStream();
    this.received -= rest.length;
    this.waiting.unshift({ bytes: rest, isOwn: false });
    this.waitingLength += rest.length;
    this.isWriting = false;
    this.isEnding = false;
    this.pump();
  }

  protected finish(): void {
    this.cancel();
    this.listener.onBodyEnd();
  }

  private attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error;
      this.fail(error);
    }
  }

  protected fail(error: ProxyError): void {
    if (this.isOver) return;
    this.cancel();
    this.listener.onBodyFailed(error);
  }

  cancel(): void {
    this.isOver = true;
    this.waiting = [];
    this.timers.disarm(this.timer);
    this.stream?.destroy();
    this.stream = null;
    this.place.giveBack();
  }

  hold(): void {
    if (this.isHeld) return;
    this.isHeld = true;
    this.stream?.pause();
  }

  resume(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.stream?.resume();
  }
}
