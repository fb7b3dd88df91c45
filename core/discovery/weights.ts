import { weightBounds } from "../config/bounds.ts";

/**
 * Weights of peers, from 0 to 65 535, as those of a cluster, which are at least 1 and at most 10 000. Beside others,
 * a weight of 0 means "a very small chance" (RFC 2782, "Weight"), so the others are made as large as they may be.
 *
 * @example
 * clusterWeights([20, 10]); // [20, 10]
 * clusterWeights([20, 10, 0]); // [10000, 5000, 1]
 */
export function clusterWeights(weights: readonly number[]): number[] {
  const { min, max } = weightBounds;
  const greatest = weights.reduce((most, weight) => Math.max(most, weight), 0);
  const isScaled = greatest > max || (greatest > 0 && weights.includes(0));
  const scale = isScaled ? max / greatest : 1;
  return weights.map((weight) => Math.max(min, Math.round(weight * scale)));
}
