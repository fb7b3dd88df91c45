import type { Sample } from "./metric.ts";
import type { Bench, Contestant, Row, Trials } from "./row.ts";

/** Measures A B C A B C ...: what disturbs the machine for a while disturbs all of them. */
export async function alternate(
  row: Row,
  contestants: readonly Contestant[],
  rounds: number,
  bench: Bench,
  measureOnce: (row: Row, contestant: Contestant, bench: Bench) => Promise<Sample>,
): Promise<Trials> {
  const samples = new Map<Contestant, Sample[]>(contestants.map((contestant) => [contestant, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [contestant, own] of samples) own.push(await measureOnce(row, contestant, bench));
    bench.say(`${row.id}: round ${round + 1} of ${rounds}`);
  }
  return samples;
}
