/** Keeps a copy of a response's body while it goes to the client. */
import { ArrivingBytes } from "../../store/responses/arriving-body.ts";
import type { Policy } from "../policy.ts";

export class Recording {
  readonly policy: Policy;
  private parts: Buffer[] = [];
  private length = 0;
  private readonly most: number;
  private done: ((parts: readonly Buffer[] | null) => void) | null;
  private isOver = false;
  /** For those who read it meanwhile; null: nobody can. */
  private arriving: ArrivingBytes | null = null;

  /**
   * @param most bytes; a longer body is not kept
   * @param done told once, with the body; null: there is none to keep
   */
  constructor(policy: Policy, most: number, done: (parts: readonly Buffer[] | null) => void) {
    this.policy = policy;
    this.most = most;
    this.done = done;
  }

  get isFollowed(): boolean {
    return this.arriving?.isFollowed === true && !this.isOver;
  }

  /**
   * Lets others read it from the beginning while it is being recorded. Null: it would be too long.
   *
   * @param length that it will have
   * @param onFollowed told when somebody reads
   */
  share(length: number, onFollowed: () => void): ArrivingBytes | null {
    if (length > this.most) return null;
    this.arriving = new ArrivingBytes(length, onFollowed);
    return this.arriving;
  }

  add(bytes: Buffer): void {
    if (this.isOver) return;
    this.length += bytes.length;
    if (this.length > this.most) {
      this.cancel();
      return;
    }
    const copy = copyOf(bytes);
    this.parts.push(copy);
    this.arriving?.add(copy);
  }

  /** The body is whole. */
  end(): void {
    this.finish(this.parts);
  }

  cancel(): void {
    this.finish(null);
  }

  private finish(parts: readonly Buffer[] | null): void {
    if (this.isOver) return;
    this.isOver = true;
    this.parts = [];
    this.arriving?.end(parts !== null);
    const joins = parts !== null && parts.length > 1 && this.length <= longestJoined;
    this.done?.(joins ? [copyOf(Buffer.concat(parts))] : parts);
    // What it knows of the response is not to stay for as long as the exchange.
    this.done = null;
  }
}

/** Up to here many parts cost more than one copy. */
const longestJoined = 256 * 1024;

/** Of its own memory: a slice would keep the whole of a pool alive. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
