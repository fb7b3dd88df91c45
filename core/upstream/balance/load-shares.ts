/**
 * How much of the load each priority and zone gets. The rules are Envoy's
 * (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/priority and
 * .../panic_threshold), where `enough` is 1 / overprovisioning factor.
 */
import type { FailoverConfig } from "../../config/traffic-model.ts";

/** Endpoints of one priority, counted. */
export interface LevelCount {
  /** At least 1. */
  readonly endpoints: number;
  readonly healthy: number;
}

export interface LevelLoad {
  /** In [0, 1]; those of all levels sum up to 1, or to 0 where nobody can be asked. */
  readonly share: number;
  /** Health is ignored: all endpoints of the level get requests. */
  readonly panic: boolean;
}

/** What rounding may take from a sum of shares. */
const almost = 1 - 1e-9;

/**
 * Load of each priority, from the first one on: as much as its healthy share over `enough`, of
 * what those before it left. Only where all together cannot carry the load is anyone in panic.
 *
 * @example
 * // Half of the first priority is left: at enough 0.7 it carries 0.5 / 0.7 of the load.
 * shareLoad([{ endpoints: 4, healthy: 2 }, { endpoints: 4, healthy: 4 }], { enough: 0.7, panic: 0.5 });
 * // [{ share: 0.714..., panic: false }, { share: 0.286..., panic: false }]
 */
export function shareLoad(
  levels: readonly LevelCount[],
  { enough, panic }: Pick<FailoverConfig, "enough" | "panic">,
): LevelLoad[] {
  const capacities = levels.map((level) => capacityOf(level, enough));
  const total = capacities.reduce((sum, capacity) => sum + capacity, 0);
  const inPanic = levels.map(({ endpoints, healthy }) => total < almost && healthy / endpoints < panic);
  if (inPanic.every((is) => is)) return shareByCount(levels);
  let left = 1;
  return capacities.map((capacity, i) => {
    const share = Math.min(left, capacity / Math.min(1, total || 1));
    left -= share;
    return { share, panic: inPanic[i]! };
  });
}

/**
 * Share of a level's load that stays in the proxy's own zone: all of it while enough of the
 * zone is healthy, and as long as there is nobody else to ask.
 */
export function shareOfOwnZone(own: LevelCount, healthyElsewhere: number, enough: number): number {
  if (own.healthy === 0) return 0;
  return healthyElsewhere === 0 ? 1 : capacityOf(own, enough);
}

function capacityOf({ endpoints, healthy }: LevelCount, enough: number): number {
  if (healthy === 0) return 0;
  return enough === 0 ? 1 : Math.min(1, healthy / endpoints / enough);
}

/** Everyone is in panic: nobody is a better choice than another. */
function shareByCount(levels: readonly LevelCount[]): LevelLoad[] {
  const total = levels.reduce((sum, { endpoints }) => sum + endpoints, 0);
  return levels.map(({ endpoints }) => ({ share: endpoints / total, panic: true }));
}
