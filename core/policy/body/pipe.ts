/** What a body passes on its way, and several of them one behind the other. */
import type { ProxyError } from "../../errors.ts";

export interface BodyListener {
  /** @param isOwn whether nobody else refers to the bytes */
  onBodyPart(bytes: Buffer, isOwn: boolean): void;
  onBodyEnd(): void;
  /** What was pushed is done with: the source may go on. */
  onBodyDrained(): void;
  onBodyFailed(error: ProxyError): void;
}

export interface BodyPipe {
  /**
   * Returns false while the source must wait.
   *
   * @param bytes which stay as they are until then
   * @param isOwn whether nobody else refers to them: their memory may be given back
   */
  push(bytes: Buffer, isOwn: boolean): boolean;
  end(): void;
  /** The exchange is over. */
  cancel(): void;
  /** Who takes what comes out has enough for now. */
  hold(): void;
  /** It takes more. */
  resume(): void;
}

/** Makes a pipe that tells the listener what comes out of it. */
export type PipeMaker = (listener: BodyListener) => BodyPipe;

export class BodyChain implements BodyPipe {
  private readonly pipes: readonly BodyPipe[];
  private readonly busy: boolean[];
  private readonly listener: BodyListener;
  private isHeld = false;
  private isOver = false;

  /** @param makers in the order in which a body passes what they make */
  constructor(makers: readonly PipeMaker[], listener: BodyListener) {
    this.listener = listener;
    this.busy = makers.map(() => false);
    this.pipes = makers.map((make, index) => make(this.linkBehind(index)));
  }

  push(bytes: Buffer, isOwn: boolean): boolean {
    this.give(0, bytes, isOwn);
    return this.isOver || !this.busy.includes(true);
  }

  end(): void {
    this.endBehind(-1);
  }

  cancel(): void {
    this.isOver = true;
    for (const pipe of this.pipes) pipe.cancel();
  }

  hold(): void {
    this.isHeld = true;
    this.settle();
  }

  resume(): void {
    this.isHeld = false;
    this.settle();
  }

  private give(index: number, bytes: Buffer, isOwn: boolean): void {
    if (this.isOver) return;
    if (index === this.pipes.length) {
      this.listener.onBodyPart(bytes, isOwn);
      return;
    }
    const flows = this.pipes[index]!.push(bytes, isOwn);
    if (this.busy[index] === !flows) return;
    this.busy[index] = !flows;
    this.settle();
  }

  /** Who stands before one that is at work gives it nothing more. */
  private settle(): void {
    let isBlocked = this.isHeld;
    for (let i = this.pipes.length - 1; i >= 0 && !this.isOver; i--) {
      if (isBlocked) this.pipes[i]!.hold();
      else this.pipes[i]!.resume();
      isBlocked ||= this.busy[i]!;
    }
  }

  private linkBehind(index: number): BodyListener {
    return {
      onBodyPart: (bytes, isOwn) => this.give(index + 1, bytes, isOwn),
      onBodyEnd: () => this.endBehind(index),
      onBodyDrained: () => this.onDrained(index),
      onBodyFailed: (error) => {
        if (this.isOver) return;
        this.cancel();
        this.listener.onBodyFailed(error);
      },
    };
  }

  private endBehind(index: number): void {
    if (this.isOver) return;
    if (index >= 0) this.busy[index] = false;
    this.settle();
    const next = this.pipes[index + 1];
    if (next !== undefined) {
      next.end();
      return;
    }
    this.isOver = true;
    this.listener.onBodyEnd();
  }

  private onDrained(index: number): void {
    if (this.isOver) return;
    this.busy[index] = false;
    this.settle();
    if (!this.busy.includes(true)) this.listener.onBodyDrained();
  }
}
