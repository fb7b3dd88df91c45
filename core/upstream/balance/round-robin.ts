/** Endpoints of equal weight in turn: a counter. */
import { type Balancer, type Candidate, firstAttempt, type PickContext, triedAll } from "./candidate.ts";
import { type Schedule, standingOf } from "./standing.ts";

export class RoundRobin<E extends Candidate> implements Balancer<E>, Schedule {
  private readonly candidates: readonly E[];
  private next: number;

  /** The turn goes on where an earlier balancer of these endpoints stood. */
  constructor(candidates: readonly E[]) {
    this.candidates = candidates;
    this.next = 0;
    let least = Number.POSITIVE_INFINITY;
    for (const [slot, candidate] of candidates.entries()) {
      const standing = standingOf(candidate);
      const wait = standing.leaveSchedule();
      if (wait !== null && wait < least) {
        least = wait;
        this.next = slot;
      }
      standing.takeTurnsIn(this, slot);
    }
  }

  pick({ exclude }: PickContext<E> = firstAttempt): E {
    if (exclude !== null && !triedAll(this.candidates, exclude)) {
      while (exclude.has(this.candidates[this.next]!)) this.advance();
    }
    const candidate = this.candidates[this.next]!;
    this.advance();
    return candidate;
  }

  waitOf(slot: number): number {
    const { length } = this.candidates;
    return ((slot - this.next + length) % length) / length;
  }

  private advance(): void {
    this.next = this.next + 1 === this.candidates.length ? 0 : this.next + 1;
  }
}
