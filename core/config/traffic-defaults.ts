/** Default values of what traffic-model.ts describes: the schema shows them, the loader applies them. */
import type {
  ConcurrencyConfig,
  FailoverConfig,
  HealthCheckConfig,
  HedgeConfig,
  OutlierConfig,
  RetryBudgetConfig,
  RetryConfig,
} from "./traffic-model.ts";

const second = 1000;
const minute = 60 * second;

export const defaultFailover: FailoverConfig = { zone: null, enough: 0.7, panic: 0.5 };

/** Of a cluster that says nothing about health: one whose failures are seen in real requests alone. */
export const defaultOutlier: OutlierConfig = {
  consecutiveFailures: 5,
  interval: 10 * second,
  successRateDeviations: 1.9,
  latencyFactor: 0,
  minRequests: 100,
  ejection: 30 * second,
  longestEjection: 5 * minute,
  mostEjected: 0.5,
};

/** Of a cluster that asks for active checks. */
export const defaultHealthCheck = {
  http: { path: "/healthz", host: null, statuses: [{ from: 200, to: 299 }], body: null },
  interval: 5 * second,
  unhealthyInterval: second,
  jitter: 0.1,
  timeout: second,
  healthyAfter: 2,
  unhealthyAfter: 3,
} as const satisfies HealthCheckConfig;

export const defaultRetryBudget: RetryBudgetConfig = { ratio: 0.2, minimum: 1 };

/** Of a cluster that asks for an adaptive limit. */
export const defaultConcurrency: ConcurrencyConfig = { least: 4, most: 1000, tolerance: 1.5 };

export const defaultRetry: RetryConfig = {
  attempts: 2,
  on: ["connect", "reset", "timeout", "gateway-error"],
  anyMethod: false,
  perTry: 0,
  backoff: { base: 25, longest: 250 },
  replay: 64 * 1024,
  hedge: null,
};

/** Of a mirror about which nothing more is said. */
export const defaultMirror = { share: 1, maxBody: 64 * 1024, maxInFlight: 100, timeout: 5 * second } as const;

/** Of a fault about which nothing more is said. */
export const defaultFault = {
  delay: { share: 1, time: second },
  abort: { share: 1, status: 503 },
  header: false,
} as const;

/** Of a route that asks for hedging. */
export const defaultHedge = { percentile: 0.95, least: 10 } as const satisfies HedgeConfig;

/** ms for a request with all its attempts; 0: as long as its parts may take. */
export const defaultRouteTimeout = 0;

/** Of a config that asks for shedding. */
export const defaultShedding = { begins: 100, full: second } as const;

export const defaultPriority = 1;

/** ms between two times that a plugin is asked for endpoints. */
export const defaultDiscoveryEvery = 10 * second;

export const defaultSticky = { cookie: "sluice-endpoint", path: "/", ttl: 0, key: null } as const;

/** What a cluster does when nothing is said about it. */
export const defaultTraffic = {
  discovery: null,
  balance: "round-robin",
  hashKey: null,
  sticky: null,
  slowStart: 0,
  failover: defaultFailover,
  health: null,
  outlier: defaultOutlier,
  retryBudget: defaultRetryBudget,
  maxRequests: null,
  maxRetries: null,
  concurrency: null,
} as const;
