/** Endpoints without sockets, for simulations. */
import type { Balancer, PickContext } from "../../../core/upstream/balance/candidate.ts";
import type { Host } from "../../../core/upstream/balance/host-set.ts";

export interface TestHost extends Host {
  inFlight: number;
  isHealthy: boolean;
}

export function host(name: string, options: Partial<TestHost["config"]> = {}): TestHost {
  const config = { weight: 1, priority: 0, zone: null, ...options };
  return { name, config, inFlight: 0, isHealthy: true };
}

/** One endpoint for each weight, named as an address. */
export function hostsOfWeight(...weights: readonly number[]): TestHost[] {
  return weights.map((weight, i) => host(`10.0.0.${i}:8080`, { weight }));
}

export function equalHosts(count: number): TestHost[] {
  return hostsOfWeight(...Array.from({ length: count }, () => 1));
}

/** A clock that the test moves. */
export class Clock {
  time = 1000;
  readonly now = (): number => this.time;
}

/** Which of `hosts` are picked, by index. */
export function picks<E extends Host>(
  balancer: Balancer<E>,
  hosts: readonly E[],
  count: number,
  context?: PickContext<E>,
): number[] {
  return Array.from({ length: count }, () => hosts.indexOf(balancer.pick(context)));
}

/** How often each of `hosts` was picked. */
export function tally(picked: Iterable<number>, hosts: readonly unknown[]): number[] {
  const counts = hosts.map(() => 0);
  for (const index of picked) counts[index]!++;
  return counts;
}

/** The largest distance of a count from what its weight stands for, as a share of the latter. */
export function worstError(counts: readonly number[], weights: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  return Math.max(...counts.map((count, i) => Math.abs((count * whole) / (total * weights[i]!) - 1)));
}
