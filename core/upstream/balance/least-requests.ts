/** Of two endpoints the one that is less busy for its weight. */
import type { Candidate } from "./candidate.ts";
import { TwoChoices } from "./two-choices.ts";

export class LeastRequests<E extends Candidate> extends TwoChoices<E> {
  protected override isBetter(a: number, b: number): boolean {
    return this.burdenOf(a) < this.burdenOf(b);
  }
}
