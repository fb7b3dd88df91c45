/**
 * The endpoints of a cluster that get requests, by priority, zone and health. It never changes:
 * when membership or health does, a new one is built, and what balancers learnt stays with the endpoints.
 */
import type { BalanceKind, FailoverConfig } from "../../config/traffic-model.ts";
import { type Balancer, type Candidate, firstAttempt, type PickContext, triedAll } from "./candidate.ts";
import { createBalancer } from "./create-balancer.ts";
import { shareLoad, shareOfOwnZone } from "./load-shares.ts";
import { mix } from "./murmur3.ts";
import { standingOf } from "./standing.ts";

export interface Host extends Candidate {
  readonly config: { readonly weight: number; readonly priority: number; readonly zone: string | null };
  readonly isHealthy: boolean;
}

/** A cluster's config has all of it. */
export interface HostSetConfig {
  readonly balance: BalanceKind;
  /** ms. */
  readonly slowStart: number;
  readonly failover: FailoverConfig;
}

export interface HostSetOptions {
  /** In [0, 1). */
  readonly random: () => number;
  /** ms, monotonic. */
  readonly now: () => number;
}

/** Endpoints that share a part of the load. */
export interface HostGroup<E> {
  readonly priority: number;
  /** Which endpoints of the priority: those of the proxy's zone, the others, or all where zones do not matter. */
  readonly zone: "own" | "others" | "all";
  /** Of the cluster's load, in (0, 1]. */
  readonly share: number;
  /** Health is ignored. */
  readonly panic: boolean;
  readonly endpoints: readonly E[];
}

export class HostSet<E extends Host> {
  /** For people and metrics; empty: nobody can be asked. */
  readonly groups: readonly HostGroup<E>[];
  /** For retries only: healthy endpoints of priorities and zones that carry no load now. */
  private readonly spares: readonly Balancer<E>[];
  private readonly spareGroups: readonly HostGroup<E>[];
  private readonly balancers: readonly Balancer<E>[];
  /** Sums of shares up to each group. */
  private readonly bounds: readonly number[];
  private readonly members: ReadonlySet<E>;
  private readonly hashes: boolean;
  private readonly random: () => number;

  /**
   * @param endpoints all of the cluster, healthy or not, in the order of its config; may be none
   * @example
   * const hosts = HostSet.build(cluster.endpoints, cluster.config);
   * const endpoint = hosts.pick({ hash: null, exclude: null }); // null: answer 503
   */
  static build<E extends Host>(
    endpoints: readonly E[],
    config: HostSetConfig,
    options: HostSetOptions = { random: Math.random, now: () => performance.now() },
  ): HostSet<E> {
    noteHealth(endpoints, options.now());
    return new HostSet(endpoints, config, options);
  }

  private constructor(endpoints: readonly E[], config: HostSetConfig, options: HostSetOptions) {
    const heaviest = endpoints.reduce((most, endpoint) => Math.max(most, endpoint.config.weight), 0);
    const { balance, slowStart, failover } = config;
    const groups = groupHosts(endpoints, failover);
    const balancerOf = (group: HostGroup<E>) =>
      createBalancer(balance, group.endpoints, { ...options, slowStart, heaviest });
    this.groups = groups.filter(({ share }) => share > 0);
    this.spareGroups = groups.filter(({ share, panic }) => share === 0 && !panic);
    this.balancers = this.groups.map(balancerOf);
    this.spares = this.spareGroups.map(balancerOf);
    let sum = 0;
    this.bounds = this.groups.map(({ share }) => {
      sum += share;
      return sum;
    });
    this.members = new Set(this.groups.flatMap((group) => group.endpoints));
    this.hashes = balance === "ring-hash" || balance === "maglev";
    this.random = options.random;
  }

  /** The endpoint for a request, one that it has not tried where there is one; null: there is none at all. */
  pick(context: PickContext<E> = firstAttempt): E | null {
    const { length } = this.balancers;
    const { exclude } = context;
    if (length === 1 && exclude === null) return this.balancers[0]!.pick(context);
    if (length === 0) return null;
    const drawn = this.drawGroup(context.hash);
    if (exclude === null) return this.balancers[drawn]!.pick(context);
    return this.balancerForRetry(drawn, exclude).pick(context);
  }

  /** Whether an endpoint gets requests: one that a cookie leads to may be asked only then. */
  serves(endpoint: E): boolean {
    return this.members.has(endpoint);
  }

  /** Whether one that `pick` may come to is not among these. */
  hasOther(than: ReadonlySet<E>): boolean {
    const isLeft = ({ endpoints }: HostGroup<E>) => !triedAll(endpoints, than);
    return this.groups.some(isLeft) || this.spareGroups.some(isLeft);
  }

  private drawGroup(hash: number | null): number {
    // A key stays in its group. Mixed once more: the group must not depend on the same bits as the choice in it.
    const place = this.hashes && hash !== null ? mix(hash ^ groupSeed) / 2 ** 32 : this.random();
    const last = this.bounds.length - 1;
    let group = 0;
    while (group < last && place >= this.bounds[group]!) group++;
    return group;
  }

  /** Of a group with an endpoint that was not tried; of the drawn one where all were. */
  private balancerForRetry(drawn: number, exclude: ReadonlySet<E>): Balancer<E> {
    const { length } = this.groups;
    for (let i = 0; i < length; i++) {
      const group = (drawn + i) % length;
      if (!triedAll(this.groups[group]!.endpoints, exclude)) return this.balancers[group]!;
    }
    for (let i = 0; i < this.spares.length; i++) {
      if (!triedAll(this.spareGroups[i]!.endpoints, exclude)) return this.spares[i]!;
    }
    return this.balancers[drawn]!;
  }
}

const groupSeed = 0x2545f491;

/** Slow start begins when an endpoint becomes healthy; turns are kept for those that are left out for now. */
function noteHealth(endpoints: readonly Host[], now: number): void {
  for (const endpoint of endpoints) {
    const standing = standingOf(endpoint);
    standing.upSince = endpoint.isHealthy ? (standing.upSince ?? now) : null;
    standing.leaveSchedule();
  }
}

function groupHosts<E extends Host>(endpoints: readonly E[], failover: FailoverConfig): HostGroup<E>[] {
  const levels = [...Map.groupBy(endpoints, ({ config }) => config.priority)].sort(([a], [b]) => a - b);
  const loads = shareLoad(
    levels.map(([, level]) => ({ endpoints: level.length, healthy: healthyOf(level).length })),
    failover,
  );
  return levels
    .flatMap(([priority, level], i): HostGroup<E>[] => {
      const { share, panic } = loads[i]!;
      // In panic all are asked, wherever they are.
      if (panic) return [{ priority, zone: "all", share, panic, endpoints: level }];
      return splitByZone(level, failover).map((part) => ({
        ...part,
        priority,
        share: share * part.share,
        panic,
      }));
    })
    .filter(({ endpoints: members }) => members.length > 0);
}

function splitByZone<E extends Host>(
  level: readonly E[],
  { zone, enough }: FailoverConfig,
): Pick<HostGroup<E>, "zone" | "share" | "endpoints">[] {
  const own = zone === null ? [] : level.filter(({ config }) => config.zone === zone);
  if (own.length === 0 || own.length === level.length) {
    return [{ zone: "all", share: 1, endpoints: healthyOf(level) }];
  }
  const here = healthyOf(own);
  const elsewhere = healthyOf(level.filter(({ config }) => config.zone !== zone));
  const share = shareOfOwnZone({ endpoints: own.length, healthy: here.length }, elsewhere.length, enough);
  return [
    { zone: "own", share, endpoints: here },
    { zone: "others", share: 1 - share, endpoints: elsewhere },
  ];
}

function healthyOf<E extends Host>(endpoints: readonly E[]): E[] {
  return endpoints.filter(({ isHealthy }) => isHealthy);
}
