import type { OutlierConfig } from "../../../core/config/traffic-model.ts";

/** Only failures in a row are looked at. */
export const outlierConfig: OutlierConfig = {
  consecutiveFailures: 5,
  interval: 10_000,
  successRateDeviations: 0,
  latencyFactor: 0,
  minRequests: 100,
  ejection: 30_000,
  longestEjection: 120_000,
  mostEjected: 0.5,
};
