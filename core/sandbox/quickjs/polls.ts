import type { Pointer, QuickJsInstance } from "./build.ts";

/**
 * How many calls and jumps of guest code pass until QuickJS asks whether to go on. Its own 10 000 are most of a
 * minute when each of them is a long native operation (BigInt, `fill`, `indexOf`), in which it never asks; so
 * it is made to ask sooner, and the sooner the longer the last ones took.
 */
export class PollPace {
  polls = firstPolls;
  private asked = 0;

  /** @param now in ms, monotonic */
  onQuestion(now: number): void {
    const took = now - this.asked;
    this.asked = now;
    if (took > slowMs) this.polls = Math.max(leastPolls, this.polls >> 3);
    else if (took < quickMs) this.polls = Math.min(mostPolls, this.polls * 2);
  }
}

export const firstPolls = 100;
const leastPolls = 10;
/** A question takes a tenth of the time that an empty loop takes for so many. */
const mostPolls = 300;
const slowMs = 2;
const quickMs = 0.2;

/** A realm's record is shorter, in words. */
const searchedWords = 256;
/** What QuickJS counts down from by itself. */
const ownPolls = 10_000;
/** Rounds of two loops. What they count together is less than what QuickJS begins with. */
const loops = [1000, 333] as const;
/** Jumps of one round, conditional ones too, at most; and what else is counted while a loop is evaluated. */
const jumpsOfRound = 3;
const otherPolls = 10;

/**
 * Where in the memory QuickJS counts down to its next question; there is no function that tells. Found by what a
 * loop does to it.
 *
 * @param run evaluates a script
 * @throws Error when no word of the realm, or more than one, behaves like that counter
 */
export function findPollCounter(
  { module }: QuickJsInstance,
  context: Pointer,
  run: (code: string) => void,
): Pointer {
  const words = () => new Int32Array(module.HEAPU8.slice(context, context + 4 * searchedWords).buffer);
  let candidates = Array.from({ length: searchedWords }, (_, index) => index);
  for (const rounds of loops) {
    const before = words();
    run(`for (let i = 0; i < ${rounds}; i++);`);
    const after = words();
    candidates = candidates.filter((index) => {
      const counted = before[index]! - after[index]!;
      return (
        after[index]! > 0 &&
        before[index]! <= ownPolls &&
        counted >= rounds &&
        counted <= jumpsOfRound * rounds + otherPolls
      );
    });
  }
  if (candidates.length !== 1)
    throw new Error(`Cannot find the counter of polls: ${candidates.length} words`);
  return context + 4 * candidates[0]!;
}
