import type { HealthCheckConfig, HttpCheckConfig } from "../../../core/config/traffic-model.ts";

export const httpCheck: HttpCheckConfig = {
  path: "/health",
  host: null,
  statuses: [{ from: 200, to: 299 }],
  body: null,
};

export const checkConfig: HealthCheckConfig = {
  http: httpCheck,
  interval: 5000,
  unhealthyInterval: 1000,
  jitter: 0,
  timeout: 2000,
  healthyAfter: 2,
  unhealthyAfter: 3,
};
