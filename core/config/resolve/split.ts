import { delayBounds } from "../bounds.ts";
import { clusterKeyAt, cookiePathAt, tokenAt } from "../check-names.ts";
import { defaultSplitCookie } from "../route-defaults.ts";
import type { SplitConfig, SplitKey } from "../route-model.ts";
import type { SplitInFile } from "../schema/answer.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";
import { resolveDurations } from "./quantities.ts";

/**
 * How a route's requests are shared; what is wrong with it is reported to the source.
 *
 * @param clusters every name that there is
 */
export function resolveSplit(
  { clusters: written, by = "random", seed = "" }: SplitInFile,
  clusters: readonly string[],
  path: Path,
  source: ConfigSource,
): SplitConfig {
  const weights = Object.entries(written);
  for (const [name] of weights) clusterKeyAt(name, clusters, [...path, "clusters", name], source);
  if (!weights.some(([, weight]) => weight > 0) && !source.isFaulty([...path, "clusters"])) {
    source.report([...path, "clusters"], "expected at least one cluster with a weight above 0, found none");
  }
  return {
    clusters: weights.map(([name, weight]) => ({ name, weight })),
    by: resolveKey(by, [...path, "by"], source),
    seed,
  };
}

function resolveKey(by: NonNullable<SplitInFile["by"]>, path: Path, source: ConfigSource): SplitKey {
  if (typeof by === "string") return { kind: by };
  if ("header" in by) {
    return { kind: "header", name: tokenAt(by.header, [...path, "header"], source).toLowerCase() };
  }
  const { ttl } = resolveDurations(by, { ttl: defaultSplitCookie.ttl }, () => delayBounds, path, source);
  return {
    kind: "cookie",
    name: tokenAt(by.cookie, [...path, "cookie"], source),
    path: cookiePathAt(by.path ?? defaultSplitCookie.path, [...path, "path"], source),
    ttl,
  };
}
