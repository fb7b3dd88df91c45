/** Which endpoint gets the next request. */
import type { ClusterConfig } from "../config/model.ts";

/** What a balancer looks at. */
export interface Candidate {
  readonly config: { readonly weight: number };
  /** Requests sent to it and not finished. */
  readonly inFlight: number;
}

export interface Balancer<E extends Candidate> {
  pick(): E;
}

/**
 * @param candidates at least one
 * @param random in [0, 1)
 */
export function createBalancer<E extends Candidate>(
  policy: ClusterConfig["balance"],
  candidates: readonly E[],
  random: () => number = Math.random,
): Balancer<E> {
  if (candidates.length === 1) return { pick: () => candidates[0]! };
  if (policy === "least-requests") return new LeastRequests(candidates, random);
  const weighted = candidates.some(({ config }) => config.weight !== candidates[0]!.config.weight);
  return weighted ? new WeightedRoundRobin(candidates) : new RoundRobin(candidates);
}

class RoundRobin<E extends Candidate> implements Balancer<E> {
  private readonly candidates: readonly E[];
  private next = 0;

  constructor(candidates: readonly E[]) {
    this.candidates = candidates;
  }

  pick(): E {
    const candidate = this.candidates[this.next]!;
    this.next = this.next + 1 === this.candidates.length ? 0 : this.next + 1;
    return candidate;
  }
}

/**
 * Smooth weighted round robin: each pick raises every candidate's credit by its weight,
 * takes the richest and charges it the sum. Heavy candidates are spread over the cycle
 * instead of being picked in a row.
 */
class WeightedRoundRobin<E extends Candidate> implements Balancer<E> {
  private readonly candidates: readonly E[];
  private readonly credits: number[];
  private readonly total: number;

  constructor(candidates: readonly E[]) {
    this.candidates = candidates;
    this.credits = candidates.map(() => 0);
    this.total = candidates.reduce((sum, { config }) => sum + config.weight, 0);
  }

  pick(): E {
    let richest = 0;
    for (let i = 0; i < this.candidates.length; i++) {
      this.credits[i]! += this.candidates[i]!.config.weight;
      if (this.credits[i]! > this.credits[richest]!) richest = i;
    }
    this.credits[richest]! -= this.total;
    return this.candidates[richest]!;
  }
}

/** The power of two choices: of two drawn at random, the one with fewer requests for its weight. */
class LeastRequests<E extends Candidate> implements Balancer<E> {
  private readonly candidates: readonly E[];
  private readonly random: () => number;

  constructor(candidates: readonly E[], random: () => number) {
    this.candidates = candidates;
    this.random = random;
  }

  pick(): E {
    const { length } = this.candidates;
    const first = Math.floor(this.random() * length);
    const second = (first + 1 + Math.floor(this.random() * (length - 1))) % length;
    const a = this.candidates[first]!;
    const b = this.candidates[second]!;
    return (b.inFlight + 1) / b.config.weight < (a.inFlight + 1) / a.config.weight ? b : a;
  }
}
