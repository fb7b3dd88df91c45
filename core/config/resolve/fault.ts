/** The faults that a route injects. */
import { faultDelayBounds } from "../bounds.ts";
import { resolvePortion } from "../portion.ts";
import type { RouteInFile } from "../schema/route.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";
import { defaultFault } from "../traffic-defaults.ts";
import type { FaultConfig } from "../traffic-model.ts";
import { resolveDurations } from "./quantities.ts";

/** Null where nothing is injected. What is wrong is reported to the source. */
export function resolveFault(
  fault: RouteInFile["fault"],
  path: Path,
  source: ConfigSource,
): FaultConfig | null {
  if (fault === undefined) return null;
  const { delay, abort, header = defaultFault.header } = fault;
  if (delay === undefined && abort === undefined && !header)
    source.report(path, "expected delay, abort or header: true, found none of them");
  return {
    delay: delay === undefined ? null : resolveDelay(delay, [...path, "delay"], source),
    abort: abort === undefined ? null : resolveAbort(abort, [...path, "abort"], source),
    header,
  };
}

function resolveDelay(
  delay: NonNullable<NonNullable<RouteInFile["fault"]>["delay"]>,
  path: Path,
  source: ConfigSource,
): NonNullable<FaultConfig["delay"]> {
  const { time } = defaultFault.delay;
  return {
    share: resolvePortion(delay.share, defaultFault.delay.share, [...path, "share"], source),
    ...resolveDurations(delay, { time }, () => faultDelayBounds, path, source),
  };
}

function resolveAbort(
  { share, status = defaultFault.abort.status }: NonNullable<NonNullable<RouteInFile["fault"]>["abort"]>,
  path: Path,
  source: ConfigSource,
): NonNullable<FaultConfig["abort"]> {
  return { share: resolvePortion(share, defaultFault.abort.share, [...path, "share"], source), status };
}
