/** The part of the effective configuration that says how traffic is spread and what happens when endpoints fail. */

/** How an endpoint is chosen. */
export type BalanceKind = "round-robin" | "least-requests" | "ewma" | "ring-hash" | "maglev";

/** What `ring-hash` and `maglev` hash; requests without it are spread at random. */
export type HashKey =
  | { readonly kind: "header"; readonly name: string }
  | { readonly kind: "cookie"; readonly name: string }
  | { readonly kind: "client-address" }
  /** What a policy put into `ctx.upstream.hashKey`. */
  | { readonly kind: "policy" };

/** A cookie that leads a client back to its endpoint. */
export interface StickyConfig {
  readonly cookie: string;
  /** Path of the cookie. */
  readonly path: string;
  /** ms; 0: until the browser ends. */
  readonly ttl: number;
  /** What its tokens are made with, the same in every proxy of the cluster; null: the cluster's name. */
  readonly key: string | null;
}

/** When endpoints of the next priority, or of other zones, get requests. */
export interface FailoverConfig {
  /** The zone that this proxy runs in; null: zones mean nothing. */
  readonly zone: string | null;
  /** Share of healthy endpoints, in [0, 1], at which a priority or the own zone still carries all of its load. */
  readonly enough: number;
  /** Share of healthy endpoints, in [0, 1], below which health is ignored: better some answers than none. */
  readonly panic: number;
}

export interface HealthCheckConfig {
  /** Null: a TCP connection is enough. */
  readonly http: HttpCheckConfig | null;
  /** ms between two checks. */
  readonly interval: number;
  /** ms between two checks of an endpoint that is unhealthy or in doubt. */
  readonly unhealthyInterval: number;
  /** Share of the interval, in [0, 1], by which checks are moved at random. */
  readonly jitter: number;
  /** ms. */
  readonly timeout: number;
  /** Good checks in a row that make an endpoint healthy. */
  readonly healthyAfter: number;
  /** Bad checks in a row that make it unhealthy. */
  readonly unhealthyAfter: number;
}

export interface HttpCheckConfig {
  readonly path: string;
  /** Authority to ask for; null: the endpoint's. */
  readonly host: string | null;
  /** Statuses that are good, both ends included. */
  readonly statuses: readonly { readonly from: number; readonly to: number }[];
  /** Text that the first 64 KiB of the body must hold; null: any. */
  readonly body: string | null;
}

/** When an endpoint is left out because of its answers to real requests. */
export interface OutlierConfig {
  /** Failures in a row: connect errors, resets, timeouts, 5xx. 0: not looked at. */
  readonly consecutiveFailures: number;
  /** ms over which success rate and latency are looked at. */
  readonly interval: number;
  /** How many standard deviations below the mean of the other endpoints a success rate may lie; 0: not looked at. */
  readonly successRateDeviations: number;
  /** How many times the cluster's median the mean latency may be; 0: not looked at. */
  readonly latencyFactor: number;
  /** Requests in an interval below which an endpoint is not compared. */
  readonly minRequests: number;
  /** ms of the first ejection; each further one lasts that much longer. */
  readonly ejection: number;
  /** ms. */
  readonly longestEjection: number;
  /** Share of endpoints, in [0, 1], that may be left out at once; one always may, where there are two or more. */
  readonly mostEjected: number;
}

/** How many retries a cluster may get. */
export interface RetryBudgetConfig {
  /** Retries per request, in [0, 1], over the last 10 s. */
  readonly ratio: number;
  /** Retries per second that are allowed without any. */
  readonly minimum: number;
}

export type RetryOn = "connect" | "reset" | "timeout" | "5xx" | "gateway-error" | "429" | number;

export interface RetryConfig {
  /** Attempts after the first one; 0: none. */
  readonly attempts: number;
  readonly on: readonly RetryOn[];
  /** Whether requests whose method is not idempotent may be sent again. */
  readonly anyMethod: boolean;
  /** ms for one attempt, from its request to its response head; 0: no limit of its own. */
  readonly perTry: number;
  /** ms: the pause before retry n is drawn from [0, min(longest, base * 2^(n-1))]. */
  readonly backoff: { readonly base: number; readonly longest: number };
  /** Bytes of a request body that are kept for another attempt. */
  readonly replay: number;
  /** Null: a second attempt is made only in the place of one that failed. */
  readonly hedge: HedgeConfig | null;
}

/** What a route does to its requests on purpose. */
export interface FaultConfig {
  /** `share` of the requests, in [0, 1], wait for `time` ms. */
  readonly delay: { readonly share: number; readonly time: number } | null;
  /** `share` of the requests, in [0, 1], are answered with this status. */
  readonly abort: { readonly share: number; readonly status: number } | null;
  /** Whether a request may ask for a fault by its fields. */
  readonly header: boolean;
}

/** A cluster that gets copies of a route's requests. */
export interface MirrorConfig {
  readonly cluster: string;
  /** Of the requests, in [0, 1]. */
  readonly share: number;
  /** Bytes of a body; requests with more are not copied. */
  readonly maxBody: number;
  /** Copies of each reactor that are not answered yet. */
  readonly maxInFlight: number;
  /** ms until the end of the response. */
  readonly timeout: number;
}

/** A second attempt while the first one is still under way. */
export interface HedgeConfig {
  /** Percentile of the cluster's latency after which it is sent, in (0, 1). */
  readonly percentile: number;
  /** ms that it waits at least. */
  readonly least: number;
}

/** Limits that follow the latency of a cluster. */
export interface ConcurrencyConfig {
  readonly least: number;
  readonly most: number;
  /** Latency over the best one seen that is taken for a queue, as a factor. */
  readonly tolerance: number;
}

/** When requests are refused because the event loop is behind. */
export interface SheddingConfig {
  /** ms of lag at which the least important ones begin to be refused. */
  readonly begins: number;
  /** ms of lag at which hardly any is let through; more than `begins`. */
  readonly full: number;
}

interface NameServers {
  /** Their addresses, with a port or without. Absent: those of the system. */
  readonly resolvers?: readonly string[];
}

export type DiscoveryConfig =
  | ({ readonly kind: "dns"; readonly host: string; readonly port: number } & NameServers)
  | ({ readonly kind: "srv"; readonly name: string } & NameServers)
  | { readonly kind: "file"; readonly path: string }
  | {
      readonly kind: "consul";
      readonly url: string;
      readonly service: string;
      readonly tag: string | null;
      readonly datacenter: string | null;
      readonly token: string | null;
    }
  | {
      readonly kind: "kubernetes";
      readonly service: string;
      readonly namespace: string;
      /** Name or number of the port. */
      readonly port: string | number;
      /** Of the API server; null: what the pod's environment says. */
      readonly url: string | null;
      /** Files; null: those of the pod's service account. */
      readonly tokenFile: string | null;
      readonly caFile: string | null;
    }
  /** A plugin's `discover`, asked every so many ms. */
  | {
      readonly kind: "plugin";
      readonly plugin: string;
      readonly every: number;
      /** Checked by the plugin's own schema; null: that of the plugin's settings. */
      readonly config: unknown;
    };

/** An endpoint as a source of discovery knows it. */
export interface DiscoveredEndpoint {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  readonly zone: string | null;
  readonly priority: number;
}
