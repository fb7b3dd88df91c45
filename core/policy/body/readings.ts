/** Those who wait for a body as a whole, each of them for one that is no longer than it may read. */
import { HostCallError } from "../../sandbox/host/error.ts";
import type { Policy } from "../policy.ts";
import { tooLong } from "./whole-body.ts";

interface Reading {
  readonly policy: Policy;
  /** In bytes. */
  readonly limit: number;
  readonly body: PromiseWithResolvers<Uint8Array>;
}

/** Most bodies are read by nobody, and making an error costs half as much as a request. */
const none: readonly Reading[] = [];

export class BodyReadings {
  private list = none;

  get isEmpty(): boolean {
    return this.list.length === 0;
  }

  /** Bytes that the body may have for all of them. */
  get limit(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { limit } of this.list) least = Math.min(least, limit);
    return least;
  }

  isOf(policy: Policy): boolean {
    return this.list.some((reading) => reading.policy === policy);
  }

  /** @param limit in bytes: of a longer body whoever has it makes what is right */
  add(policy: Policy, limit: number): Promise<Uint8Array> {
    const body = Promise.withResolvers<Uint8Array>();
    this.list = [...this.list, { policy, limit, body }];
    return body.promise;
  }

  /** It is here. */
  give(bytes: Uint8Array): void {
    for (const { body } of this.take()) body.resolve(bytes);
  }

  giveUp(because: () => HostCallError): void {
    for (const { body } of this.take()) body.reject(because());
  }

  /** What the policy wanted is not to count. */
  drop(policy: Policy): void {
    for (const { body } of this.take((reading) => reading.policy === policy)) body.reject(wasSkipped());
  }

  /** It is as long as that already. */
  refuse(length: number): void {
    for (const { body, limit } of this.take((reading) => reading.limit < length)) body.reject(tooLong(limit));
  }

  private take(isMeant: (reading: Reading) => boolean = () => true): readonly Reading[] {
    if (this.list === none) return none;
    const taken = this.list.filter(isMeant);
    const left = this.list.filter((reading) => !taken.includes(reading));
    this.list = left.length === 0 ? none : left;
    return taken;
  }
}

export function bodyWentOn(): HostCallError {
  return new HostCallError("InvalidStateError", "Cannot read the body: it has gone on its way");
}

/** A read without an end would be held for its guest for ever. */
export function exchangeIsOver(): HostCallError {
  return new HostCallError("AbortError", "Cannot read the body: its exchange is over");
}

function wasSkipped(): HostCallError {
  return new HostCallError("AbortError", "Cannot read the body: the policy failed before it was there");
}
