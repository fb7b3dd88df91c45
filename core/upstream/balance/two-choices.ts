/**
 * The power of two choices: of two endpoints drawn at random the better one. Nearly as good as
 * asking all, at the price of two, and reactors that do not know of each other never all run
 * to the same endpoint (Mitzenmacher: The Power of Two Choices in Randomized Load Balancing, 2001).
 *
 * Weights steer what is drawn; what is in flight counts in proportion to the weight.
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
import { WeightedDraw } from "./weighted-draw.ts";

/** Draws before the next in line is taken that the request has not tried. */
const draws = 4;

export abstract class TwoChoices<E extends Candidate> implements Balancer<E> {
  protected readonly candidates: readonly E[];
  /** Of each, the mean weight over its own: what one request in flight means there. */
  private readonly burdens: Float64Array;
  private readonly weights: EffectiveWeights;
  private readonly chance: WeightedDraw;
  private readonly random: () => number;

  /** @param candidates two or more */
  constructor(candidates: readonly E[], options: Pick<BalancerOptions, "random" | "now" | "slowStart">) {
    this.candidates = candidates;
    this.random = options.random;
    this.weights = new EffectiveWeights(candidates, options);
    this.chance = new WeightedDraw(this.weights.values, options.random);
    this.burdens = new Float64Array(candidates.length);
    this.weighBurdens();
  }

  pick({ exclude }: PickContext<E> = firstAttempt): E {
    if (this.weights.refresh()) {
      this.chance.reweigh(this.weights.values);
      this.weighBurdens();
    }
    let first = this.chance.draw();
    let second = this.chance.drawOther(first);
    if (exclude !== null && !triedAll(this.candidates, exclude)) {
      first = this.untried(first, exclude);
      second = this.untried(second, exclude);
    }
    return this.candidates[this.isBetter(second, first) ? second : first]!;
  }

  /** Whether `a` promises more than `b`; in doubt it does not, so that equals keep the shares that were drawn. */
  protected abstract isBetter(a: number, b: number): boolean;

  /** Requests in flight, each counted as much as it burdens an endpoint of that weight. */
  protected burdenOf(index: number): number {
    return this.candidates[index]!.inFlight * this.burdens[index]!;
  }

  private untried(drawn: number, exclude: ReadonlySet<E>): number {
    let index = drawn;
    for (let i = 0; i < draws && exclude.has(this.candidates[index]!); i++) index = this.chance.draw();
    const { length } = this.candidates;
    if (exclude.has(this.candidates[index]!)) index = Math.floor(this.random() * length);
    while (exclude.has(this.candidates[index]!)) index = (index + 1) % length;
    return index;
  }

  private weighBurdens(): void {
    const { values } = this.weights;
    let total = 0;
    for (let i = 0; i < values.length; i++) total += values[i]!;
    for (let i = 0; i < values.length; i++) this.burdens[i] = total / values.length / values[i]!;
  }
}
