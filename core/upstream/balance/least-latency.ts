/**
 * Of two endpoints the one that will answer sooner: its latency times the requests before this
 * one and this one itself. The cost function is Finagle's for Peak EWMA
 * (https://twitter.github.io/finagle/guide/Clients.html#power-of-two-choices-p2c-peak-ewma).
 */
import type { BalancerOptions, Candidate } from "./candidate.ts";
import type { PeakLatency } from "./peak-latency.ts";
import { standingOf } from "./standing.ts";
import { TwoChoices } from "./two-choices.ts";

/** ms assumed of an endpoint that has not answered yet: it gets one request and, until that is answered, no more. */
const unknownLatency = 1e9;

export class LeastLatency<E extends Candidate> extends TwoChoices<E> {
  private readonly latencies: readonly PeakLatency[];
  private readonly now: () => number;

  constructor(candidates: readonly E[], options: Pick<BalancerOptions, "random" | "now" | "slowStart">) {
    super(candidates, options);
    this.latencies = candidates.map((candidate) => standingOf(candidate).latency);
    this.now = options.now;
  }

  protected override isBetter(a: number, b: number): boolean {
    const now = this.now();
    return this.costOf(a, now) < this.costOf(b, now);
  }

  private costOf(index: number, now: number): number {
    const latency = this.latencies[index]!.at(now);
    if (latency !== 0) return latency * (this.burdenOf(index) + 1);
    return this.candidates[index]!.inFlight === 0 ? 0 : unknownLatency * (this.burdenOf(index) + 1);
  }
}
