import { HostCallError } from "../../sandbox/host/error.ts";
import type { Policy } from "../policy.ts";
import type { Recording } from "./recording.ts";

/** What policies keep of the body of one response. */
export class Recordings {
  private readonly list: Recording[] = [];

  get all(): readonly Recording[] {
    return this.list;
  }

  /** @throws HostCallError when there is no response yet */
  add(recording: Recording, isResponse: boolean): void {
    if (!isResponse) {
      throw new HostCallError("InvalidStateError", "Cannot record the body: onResponse is the place for it");
    }
    this.list.push(recording);
  }

  /** Whether somebody else reads what is being recorded. */
  get isFollowed(): boolean {
    return this.list.some(({ isFollowed }) => isFollowed);
  }

  isOf(policy: Policy): boolean {
    return this.list.some((recording) => recording.policy === policy);
  }

  /**
   * Another body takes the place of the one that the policies so far have seen: they keep that one.
   *
   * @param parts null: it is not here as a whole
   */
  settle(parts: readonly Buffer[] | null): void {
    for (const recording of this.list) {
      for (const bytes of parts ?? []) recording.add(bytes);
    }
    this.end(parts !== null);
  }

  /** There is no body to record, or no more of it. @param isWhole whether that is all of it */
  end(isWhole: boolean): void {
    for (const recording of this.list) {
      if (isWhole) recording.end();
      else recording.cancel();
    }
  }
}
