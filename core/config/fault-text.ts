/** What is injected on purpose, in words: nobody should have to look for it. */
import type { Config } from "./model.ts";
import { formatPortion } from "./portion.ts";
import type { FaultConfig } from "./traffic-model.ts";
import { formatDuration } from "./units.ts";

/**
 * @example
 * faultText({ delay: { share: 0.1, time: 200 }, abort: null, header: false }); // "10 % wait 200ms"
 */
export function faultText({ delay, abort, header }: FaultConfig): string {
  return [
    ...(delay === null ? [] : [`${formatPortion(delay.share)} wait ${formatDuration(delay.time)}`]),
    ...(abort === null ? [] : [`${formatPortion(abort.share)} are answered ${abort.status}`]),
    ...(header ? ["any request may ask for one"] : []),
  ].join(", ");
}

/** The routes that inject faults, each with what it injects. */
export function routesWithFaults({ routes }: Config): { readonly route: string; readonly faults: string }[] {
  return routes.flatMap(({ name, fault }) =>
    fault === null ? [] : [{ route: name, faults: faultText(fault) }],
  );
}
