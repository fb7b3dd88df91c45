/**
 * Shares keys among clusters by weight. Weighted rendezvous hashing (Schindelhauer and Schomaker, "Weighted
 * Distributed Hash Tables", 2005): every cluster scores -weight / ln(hash of key and cluster), and the highest
 * score wins. A cluster's score for a key depends on nothing but the key, its name and its weight, so the same
 * key goes to the same cluster in every proxy and after every start, whatever the order in the file; a weight
 * that grows only wins keys, and one that shrinks only loses some.
 */
import type { WeightedCluster } from "../config/route-model.ts";
import { hashText, mix } from "./balance/murmur3.ts";

interface Share<C> {
  readonly cluster: C;
  readonly weight: number;
  readonly hash: number;
}

export class Split<C> {
  private readonly shares: readonly Share<C>[];
  private readonly seed: number;

  /**
   * @param weights at least one above 0
   * @param seed splits with the same one assign the same key alike
   * @param find the cluster of a name
   * @example
   * const split = new Split([{ name: "stable", weight: 90 }, { name: "canary", weight: 10 }], "", find);
   * split.forKey("user-7"); // the same cluster each time
   */
  constructor(weights: readonly WeightedCluster[], seed: string, find: (name: string) => C) {
    this.seed = hashText(seed);
    this.shares = weights
      .filter(({ weight }) => weight > 0)
      .map(({ name, weight }) => ({ cluster: find(name), weight, hash: hashText(name) }));
  }

  forKey(key: string): C {
    return this.best(hashText(key, this.seed));
  }

  /** @param random in [0, 1) */
  atRandom(random: number): C {
    return this.best(Math.floor(random * 2 ** 32));
  }

  private best(hash: number): C {
    const { shares } = this;
    let best = shares[0]!;
    let highest = 0;
    for (let i = 0; i < shares.length; i++) {
      const share = shares[i]!;
      // In (0, 1), so that its logarithm is below 0 and finite.
      const place = (mix(hash ^ share.hash) + 0.5) / 2 ** 32;
      const score = -share.weight / Math.log(place);
      if (score <= highest) continue;
      highest = score;
      best = share;
    }
    return best.cluster;
  }
}
