/**
 * How much one evaluation may do. What an operator writes is short, but what clients send is as long as they like, and macros go over it
 * in loops.
 */
export class Budget {
  private left = 0;

  /** Begins an evaluation that may do as much as this. */
  refill(amount: number): void {
    this.left = amount;
  }

  /** @throws Error when nothing is left */
  spend(amount: number): void {
    this.left -= amount;
    this.check();
  }

  /** An operator `||` or a macro may have swallowed what `spend` threw: so the end of an evaluation asks again. */
  check(): void {
    if (this.left < 0) throw new Error("the expression takes too long");
  }
}
