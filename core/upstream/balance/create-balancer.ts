/** Which endpoint gets the next request. */
import type { BalanceKind } from "../../config/traffic-model.ts";
import type { Balancer, BalancerOptions, Candidate } from "./candidate.ts";
import { EffectiveWeights } from "./effective-weights.ts";
import { LeastLatency } from "./least-latency.ts";
import { LeastRequests } from "./least-requests.ts";
import { Maglev } from "./maglev.ts";
import { RingHash } from "./ring-hash.ts";
import { RoundRobin } from "./round-robin.ts";
import { WeightedRoundRobin } from "./weighted-round-robin.ts";

/**
 * A balancer of endpoints that all may be picked. Where priorities, zones or health matter, see `HostSet`.
 *
 * @param candidates at least one
 * @example
 * const balancer = createBalancer("least-requests", endpoints);
 * balancer.pick();
 */
export function createBalancer<E extends Candidate>(
  kind: BalanceKind,
  candidates: readonly E[],
  options: Partial<BalancerOptions> = {},
): Balancer<E> {
  if (candidates.length === 1) return { pick: () => candidates[0]! };
  const filled: BalancerOptions = {
    random: Math.random,
    now: () => performance.now(),
    slowStart: 0,
    heaviest: candidates.reduce((most, { config }) => Math.max(most, config.weight), 0),
    ...options,
  };
  if (kind === "least-requests") return new LeastRequests(candidates, filled);
  if (kind === "ewma") return new LeastLatency(candidates, filled);
  if (kind === "ring-hash") return new RingHash(candidates, filled);
  if (kind === "maglev") return new Maglev(candidates, filled);
  const weights = new EffectiveWeights(candidates, filled);
  return weights.areEqual && !weights.isWarming
    ? new RoundRobin(candidates)
    : new WeightedRoundRobin(candidates, filled);
}
