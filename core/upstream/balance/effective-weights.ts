/**
 * Weights with slow start: an endpoint that is new or back starts with a tenth of its weight
 * and comes to all of it in a straight line, so that its caches and its compiler warm up.
 *
 * Envoy's slow start mode with aggression 1 and its default `min_weight_percent`
 * (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/slow_start).
 */
import type { BalancerOptions, Candidate } from "./candidate.ts";
import { standingOf } from "./standing.ts";

const firstShare = 0.1;
/** How often weights are looked at, in ms. */
const period = 100;

export class EffectiveWeights {
  readonly values: Float64Array;
  private readonly full: readonly number[];
  private readonly upSince: readonly (number | null)[];
  private readonly now: () => number;
  private readonly slowStart: number;
  private warming: boolean;
  private due = 0;

  constructor(candidates: readonly Candidate[], options: Pick<BalancerOptions, "now" | "slowStart">) {
    this.full = candidates.map(({ config }) => config.weight);
    this.values = Float64Array.from(this.full);
    this.upSince = candidates.map((candidate) => standingOf(candidate).upSince);
    this.now = options.now;
    this.slowStart = options.slowStart;
    this.warming = this.slowStart > 0;
    this.refresh();
  }

  /** Whether some endpoint has not come to its full weight. */
  get isWarming(): boolean {
    return this.warming;
  }

  get areEqual(): boolean {
    return this.values.every((weight) => weight === this.values[0]);
  }

  /** Brings the weights up to date; true when that was due. Without slow start it never is, and costs nothing. */
  refresh(): boolean {
    if (!this.warming) return false;
    const now = this.now();
    if (now < this.due) return false;
    this.due = now + period;
    this.warming = false;
    for (let i = 0; i < this.values.length; i++) this.values[i] = this.full[i]! * this.shareOf(i, now);
    return true;
  }

  private shareOf(index: number, now: number): number {
    const since = this.upSince[index];
    if (since == null || now - since >= this.slowStart) return 1;
    this.warming = true;
    return Math.max(firstShare, (now - since) / this.slowStart);
  }
}
