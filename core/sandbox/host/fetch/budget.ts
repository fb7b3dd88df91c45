import { HostCallError } from "../error.ts";

/** Bytes that the host holds for one guest: a guest's own memory does not bound what many calls hold here. */
export class ByteBudget {
  private left: number;

  /** @param bytes at once */
  constructor(bytes: number) {
    this.left = bytes;
  }

  /** @throws HostCallError QuotaExceededError */
  take(bytes: number): void {
    if (bytes > this.left) {
      throw new HostCallError("QuotaExceededError", "bodies of all calls under way are too long together");
    }
    this.left -= bytes;
  }

  give(bytes: number): void {
    this.left += bytes;
  }
}
