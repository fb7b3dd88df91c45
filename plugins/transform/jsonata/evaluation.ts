import { Budget } from "../../shared/cel/budget.ts";

/** How much one evaluation may do: a step is an operator, a character of a pattern, or sixteen of a text. */
const mostWork = 4_000_000;
/** As long as others wait for an expression that runs in the proxy itself, ms. */
const turn = 4;
/** The clock is asked once in so many steps. */
const stepsBetween = 64;

/** One run of an expression: what it has done, and how long it has run. */
export class Evaluation {
  readonly budget = new Budget();
  /** What replacing one match, and one character of a match, may add: a step is sixteen characters. */
  private perMatch = 0;
  private perCharacter = 0;
  private steps = 0;
  private ran = 0;
  private begun: number;
  private readonly mostTime: number;
  private readonly now: () => number;
  private pause: Promise<void> | null = null;

  /** @param mostTime ms that it may run, pauses aside */
  constructor(mostTime: number, now: () => number = () => performance.now()) {
    this.mostTime = mostTime;
    this.now = now;
    this.begun = now();
    this.budget.refill(mostWork);
  }

  /**
   * Counts a step; a promise when others have to have their turn first.
   *
   * @throws Error when it takes too long
   */
  step(): Promise<void> | undefined {
    this.budget.spend(1);
    if (this.pause !== null) return this.pause;
    if (++this.steps % stepsBetween !== 0) return undefined;
    const spent = this.now() - this.begun;
    if (this.ran + spent > this.mostTime) {
      this.end();
      this.budget.check();
    }
    if (spent < turn) return undefined;
    this.ran += spent;
    this.pause = new Promise((resolve) => {
      setTimeout(() => {
        this.pause = null;
        this.begun = this.now();
        resolve();
      }, 0);
    });
    return this.pause;
  }

  /** @param text that matches are replaced with, `$1` and the like in it being parts of the match */
  replacesWith(text: string): void {
    this.perMatch = Math.max(this.perMatch, text.length / 16);
    this.perCharacter = Math.max(this.perCharacter, (text.split("$").length - 1) / 16);
  }

  /** @throws Error when it takes too much */
  matched(length: number): void {
    this.budget.spend(1 + this.perMatch + length * this.perCharacter);
  }

  /** Whether it took too much. */
  get isOver(): boolean {
    try {
      this.budget.check();
      return false;
    } catch {
      return true;
    }
  }

  /** What is still under way beside what failed ends at its next step. */
  end(): void {
    this.budget.refill(-1);
  }
}
