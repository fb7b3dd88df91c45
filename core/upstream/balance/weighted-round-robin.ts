/**
 * Endpoints in turn, heavy ones more often: an endpoint of weight w has a turn every 1/w of
 * virtual time, and whose turn comes first is picked. In any run of picks each gets its share
 * to within about one request, and a pick costs O(log n): the deadlines stand in a heap.
 *
 * Earliest deadline first, as Envoy schedules weighted round robin
 * (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/load_balancers);
 * the idea of equal progress in virtual time is that of weighted fair queueing
 * (Demers, Keshav, Shenker: Analysis and Simulation of a Fair Queueing Algorithm, 1989).
 */
import {
  type Balancer,
  type BalancerOptions,
  type Candidate,
  firstAttempt,
  type PickContext,
  triedAll,
} from "./candidate.ts";
import { EffectiveWeights } from "./effective-weights.ts";
import { type Schedule, standingOf } from "./standing.ts";

/** Virtual time at which all deadlines are moved back: far larger ones lose the fractions that order them. */
const longestTime = 2 ** 20;

export class WeightedRoundRobin<E extends Candidate> implements Balancer<E>, Schedule {
  private readonly candidates: readonly E[];
  private readonly weights: EffectiveWeights;
  private readonly periods: Float64Array;
  private readonly deadlines: Float64Array;
  /** Indexes of candidates; none stands above one that comes before it. */
  private readonly heap: Int32Array;

  /** Turns go on where an earlier balancer of these endpoints stood. */
  constructor(candidates: readonly E[], options: Pick<BalancerOptions, "now" | "slowStart">) {
    this.candidates = candidates;
    this.weights = new EffectiveWeights(candidates, options);
    this.periods = this.weights.values.map((weight) => 1 / weight);
    this.deadlines = firstWaits(candidates).map((wait, index) => wait * this.periods[index]!);
    this.heap = Int32Array.from(candidates.keys());
    this.heapify();
    for (const [slot, candidate] of candidates.entries()) standingOf(candidate).takeTurnsIn(this, slot);
  }

  pick({ exclude }: PickContext<E> = firstAttempt): E {
    if (this.weights.refresh()) this.reweigh();
    const position = exclude === null ? 0 : this.firstUntried(exclude);
    const index = this.heap[position]!;
    this.deadlines[index]! += this.periods[index]!;
    this.sink(position);
    if (this.deadlines[index]! > longestTime) this.moveBack();
    return this.candidates[index]!;
  }

  waitOf(slot: number): number {
    return (this.deadlines[slot]! - this.deadlines[this.heap[0]!]!) / this.periods[slot]!;
  }

  /** Only retries look further than the top of the heap. */
  private firstUntried(exclude: ReadonlySet<E>): number {
    if (triedAll(this.candidates, exclude)) return 0;
    let first = -1;
    for (let position = 0; position < this.heap.length; position++) {
      if (exclude.has(this.candidates[this.heap[position]!]!)) continue;
      if (first === -1 || this.precedes(this.heap[position]!, this.heap[first]!)) first = position;
    }
    return first;
  }

  /** New weights change how long each still waits, not what share of its wait is over. */
  private reweigh(): void {
    const start = this.deadlines[this.heap[0]!]!;
    for (let i = 0; i < this.periods.length; i++) {
      const wait = (this.deadlines[i]! - start) / this.periods[i]!;
      this.periods[i] = 1 / this.weights.values[i]!;
      this.deadlines[i] = wait * this.periods[i]!;
    }
    this.heapify();
  }

  private moveBack(): void {
    const start = this.deadlines[this.heap[0]!]!;
    for (let i = 0; i < this.deadlines.length; i++) this.deadlines[i]! -= start;
  }

  private heapify(): void {
    for (let position = (this.heap.length >> 1) - 1; position >= 0; position--) this.sink(position);
  }

  private sink(start: number): void {
    const { heap } = this;
    const index = heap[start]!;
    let position = start;
    for (;;) {
      let child = 2 * position + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.precedes(heap[child + 1]!, heap[child]!)) child++;
      if (!this.precedes(heap[child]!, index)) break;
      heap[position] = heap[child]!;
      position = child;
    }
    heap[position] = index;
  }

  private precedes(a: number, b: number): boolean {
    return this.deadlines[a]! < this.deadlines[b]!;
  }
}

/** Those without a history are spread evenly over the period that all of their weight have in common. */
function firstWaits(candidates: readonly Candidate[]): Float64Array {
  const waits = candidates.map((candidate) => standingOf(candidate).leaveSchedule());
  const peers = new Map<number, number>();
  for (const [i, { config }] of candidates.entries()) {
    if (waits[i] === null) peers.set(config.weight, (peers.get(config.weight) ?? 0) + 1);
  }
  const placed = new Map<number, number>();
  return Float64Array.from(candidates, ({ config }, i) => {
    const known = waits[i] ?? null;
    if (known !== null) return known;
    const place = (placed.get(config.weight) ?? 0) + 1;
    placed.set(config.weight, place);
    return place / (peers.get(config.weight)! + 1);
  });
}
