/** How much may be under way at a cluster at once. */
import type { ClusterConfig } from "../model.ts";
import type { ConfigFile } from "../schema/schema.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";
import { defaultConcurrency, defaultTraffic } from "../traffic-defaults.ts";
import type { ConcurrencyConfig } from "../traffic-model.ts";

type ClusterInFile = NonNullable<ConfigFile["clusters"]>[string];

/** What is wrong with them is reported to the source. */
export function resolveClusterLimits(
  { maxRequests, maxRetries, concurrency }: ClusterInFile,
  path: Path,
  source: ConfigSource,
): Pick<ClusterConfig, "maxRequests" | "maxRetries" | "concurrency"> {
  return {
    maxRequests: maxRequests ?? defaultTraffic.maxRequests,
    maxRetries: maxRetries ?? defaultTraffic.maxRetries,
    concurrency: resolveConcurrency(concurrency, [...path, "concurrency", "adaptive"], source),
  };
}

function resolveConcurrency(
  concurrency: ClusterInFile["concurrency"],
  path: Path,
  source: ConfigSource,
): ConcurrencyConfig | null {
  if (concurrency === undefined || concurrency.adaptive === false) return null;
  const { adaptive } = concurrency;
  const resolved = { ...defaultConcurrency, ...(adaptive === true ? {} : adaptive) };
  const { least, most } = resolved;
  if (least > most) {
    source.report([...path, "least"], `expected least to be at most most, found ${least} and ${most}`);
  }
  return resolved;
}
