/** A body that may not be longer than a policy says. */
import type { ProxyError } from "../../errors.ts";
import type { BodyListener, BodyPipe } from "./pipe.ts";

export class BodyLimit implements BodyPipe {
  private readonly most: number;
  private readonly tooLarge: () => ProxyError;
  private readonly listener: BodyListener;
  private length = 0;
  private isOver = false;

  /** @param most bytes */
  constructor(most: number, tooLarge: () => ProxyError, listener: BodyListener) {
    this.most = most;
    this.tooLarge = tooLarge;
    this.listener = listener;
  }

  push(bytes: Buffer, isOwn: boolean): boolean {
    if (this.isOver) return true;
    this.length += bytes.length;
    if (this.length <= this.most) {
      this.listener.onBodyPart(bytes, isOwn);
    } else {
      this.isOver = true;
      this.listener.onBodyFailed(this.tooLarge());
    }
    return true;
  }

  end(): void {
    if (!this.isOver) this.listener.onBodyEnd();
    this.isOver = true;
  }

  cancel(): void {
    this.isOver = true;
  }

  hold(): void {}

  resume(): void {}
}
