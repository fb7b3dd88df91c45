/** The clusters that get copies of a route's requests. */
import { mirrorBounds } from "../bounds.ts";
import { resolvePortion } from "../portion.ts";
import type { RouteInFile } from "../schema/route.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";
import { didYouMean } from "../suggest.ts";
import { defaultMirror } from "../traffic-defaults.ts";
import type { MirrorConfig } from "../traffic-model.ts";
import { resolveDurations, resolveSizes } from "./quantities.ts";

type MirrorInFile = NonNullable<RouteInFile["mirror"]>[number];

/**
 * What is wrong is reported to the source.
 *
 * @param clusters every name that a mirror may point to
 */
export function resolveMirrors(
  mirrors: RouteInFile["mirror"],
  clusters: readonly string[],
  path: Path,
  source: ConfigSource,
): MirrorConfig[] {
  const seen = new Set<string>();
  return (mirrors ?? []).map((mirror, index) => {
    const { cluster } = mirror;
    const place = [...path, index];
    if (!clusters.includes(cluster))
      source.expect([...place, "cluster"], "the name of a cluster", cluster, didYouMean(cluster, clusters));
    else if (seen.has(cluster)) source.expect([...place, "cluster"], "each cluster once", `${cluster} again`);
    seen.add(cluster);
    return resolveMirror(mirror, place, source);
  });
}

function resolveMirror(mirror: MirrorInFile, path: Path, source: ConfigSource): MirrorConfig {
  const { maxBody, timeout } = defaultMirror;
  return {
    cluster: mirror.cluster,
    share: resolvePortion(mirror.share, defaultMirror.share, [...path, "share"], source),
    ...resolveSizes(
      mirror,
      { maxBody },
      () => mirrorBounds.maxBody,
      () => false,
      path,
      source,
    ),
    maxInFlight: mirror.maxInFlight ?? defaultMirror.maxInFlight,
    ...resolveDurations(mirror, { timeout }, () => mirrorBounds.timeout, path, source),
  };
}
