import { HostCallError } from "../error.ts";

/** Bytes that the host holds for guests: a guest's own memory does not bound what many calls hold here. */
export class ByteBudget {
  private readonly refusal: string;
  private left: number;

  /**
   * @param bytes at once
   * @param refusal what a guest is told when there is no more
   */
  constructor(bytes: number, refusal: string) {
    this.refusal = refusal;
    this.left = bytes;
  }

  /** @throws HostCallError QuotaExceededError */
  take(bytes: number): void {
    if (bytes > this.left) throw new HostCallError("QuotaExceededError", this.refusal);
    this.left -= bytes;
  }

  give(bytes: number): void {
    this.left += bytes;
  }
}
