import type { Sample } from "./metric.ts";
import type { Bench, Contestant, Row, Trials } from "./row.ts";

/**
 * Measures A B C A B C ...: what disturbs the machine for a while disturbs all of them. A contestant
 * that fails is reported and has no result; the others go on.
 */
export async function alternate(
  row: Row,
  contestants: readonly Contestant[],
  rounds: number,
  bench: Bench,
  measureOnce: (contestant: Contestant) => Promise<Sample>,
): Promise<Trials> {
  const trials: Trials = new Map(contestants.map((contestant) => [contestant, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [contestant, samples] of trials) {
      try {
        samples.push(await measureOnce(contestant));
      } catch (error) {
        bench.failed(`${row.id}: ${contestant.name}`, error);
        trials.delete(contestant);
      }
    }
    bench.say(`${row.id}: round ${round + 1} of ${rounds}`);
  }
  return trials;
}
