import type { Content } from "./body.ts";

/** Longest body that is collected beside its way, in bytes. */
export const longestObserved = 1024 * 1024;

/** A body that goes on as it comes, and is looked at when all of it was there. */
export class ObservedBody {
  private readonly chunks: Uint8Array[] = [];
  private readonly check: (content: Content) => void;
  private readonly giveUp: () => void;
  private length = 0;
  private isOver = false;

  /** @param giveUp is called instead when it is longer than is collected */
  constructor(check: (content: Content) => void, giveUp: () => void) {
    this.check = check;
    this.giveUp = giveUp;
  }

  add(chunk: Uint8Array, isLast: boolean): void {
    if (this.isOver) return;
    this.length += chunk.length;
    if (this.length > longestObserved) {
      this.end();
      this.giveUp();
      return;
    }
    // The bytes may be somebody else's afterwards.
    if (chunk.length > 0) this.chunks.push(chunk.slice());
    if (!isLast) return;
    const whole = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.chunks) {
      whole.set(part, at);
      at += part.length;
    }
    this.end();
    this.check(whole);
  }

  private end(): void {
    this.isOver = true;
    this.chunks.length = 0;
  }
}
