/** What a route does with attempts that failed. */
import { delayBounds, timeoutBounds } from "../bounds.ts";
import type { RouteConfig } from "../model.ts";
import type { ConfigFile } from "../schema/schema.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";
import { defaultHedge, defaultRetry, defaultRouteTimeout } from "../traffic-defaults.ts";
import type { HedgeConfig, RetryConfig } from "../traffic-model.ts";
import { parseDuration } from "../units.ts";
import { resolveDurations, resolveSizes } from "./quantities.ts";

type RouteInFile = NonNullable<ConfigFile["routes"]>[number];

type HedgeInFile = Exclude<RouteInFile["retry"], false | undefined>["hedge"];

const replayBounds = { min: 0, max: 16 * 1024 * 1024 };

export function resolveRetry(
  retry: RouteInFile["retry"],
  path: Path,
  source: ConfigSource,
): RetryConfig | null {
  if (retry === false) return null;
  const { base, longest } = defaultRetry.backoff;
  const backoff = resolveDurations(
    retry?.backoff,
    { base, longest },
    () => delayBounds,
    [...path, "backoff"],
    source,
  );
  if (backoff.base > backoff.longest) {
    const found = `${backoff.base} and ${backoff.longest} ms`;
    source.report([...path, "backoff", "base"], `expected base to be at most longest, found ${found}`);
  }
  const { perTry } = resolveDurations(
    retry,
    { perTry: defaultRetry.perTry },
    () => delayBounds,
    path,
    source,
  );
  const sizes = resolveSizes(
    retry,
    { replay: defaultRetry.replay },
    () => replayBounds,
    () => false,
    path,
    source,
  );
  return {
    attempts: retry?.attempts ?? defaultRetry.attempts,
    on: retry?.on ?? defaultRetry.on,
    anyMethod: retry?.anyMethod ?? defaultRetry.anyMethod,
    perTry,
    backoff,
    replay: sizes.replay,
    hedge: resolveHedge(retry?.hedge, [...path, "hedge"], source),
  };
}

function resolveHedge(hedge: HedgeInFile, path: Path, source: ConfigSource): HedgeConfig | null {
  if (hedge === undefined || hedge === false) return null;
  const { percentile, least } = defaultHedge;
  const times = resolveDurations(hedge, { least }, () => delayBounds, path, source);
  return { percentile: hedge.percentile ?? percentile, least: times.least };
}

export function resolveRouteTimeout(
  timeout: RouteInFile["timeout"],
  path: Path,
  source: ConfigSource,
): RouteConfig["timeout"] {
  if (timeout === undefined) return defaultRouteTimeout;
  // 0 is a word for none.
  if (parseDuration(timeout) === 0) return 0;
  const last = path.at(-1) as string;
  const found = resolveDurations(
    { [last]: timeout },
    { [last]: 0 },
    () => timeoutBounds,
    path.slice(0, -1),
    source,
  );
  return found[last]!;
}
