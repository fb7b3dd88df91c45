import type { SrvRecord } from "node:dns";
import { clusterWeights } from "../weights.ts";

/** One target of a service, in the terms of clusters. */
export interface SrvTarget {
  readonly name: string;
  readonly port: number;
  readonly weight: number;
  /** 0 is asked first. */
  readonly priority: number;
}

/**
 * Whether the records say that the service is decidedly not available: a single one with the root as its target
 * (RFC 2782, "Target").
 */
export function isWithdrawn(records: readonly SrvRecord[]): boolean {
  return records.length === 1 && /^\.?$/.test(records[0]!.name);
}

/**
 * Records as targets. Only the order of priorities means something (RFC 2782, "Priority"), so they are counted
 * from 0.
 *
 * @example
 * toTargets([{ name: "a.internal", port: 80, priority: 10, weight: 5 }]);
 * // [{ name: "a.internal", port: 80, weight: 5, priority: 0 }]
 */
export function toTargets(records: readonly SrvRecord[]): SrvTarget[] {
  const named = records.filter(({ name }) => !/^\.?$/.test(name));
  const priorities = [...new Set(named.map(({ priority }) => priority))].sort((one, other) => one - other);
  return priorities.flatMap((priority, rank) => {
    const peers = named.filter((record) => record.priority === priority);
    const weights = clusterWeights(peers.map(({ weight }) => weight));
    return peers.map(({ name, port }, index) => ({
      name: name.toLowerCase().replace(/\.$/, ""),
      port,
      weight: weights[index]!,
      priority: rank,
    }));
  });
}
