/**
 * The effective configuration: every default filled in, every unit resolved
 * (durations in ms, sizes in bytes), every reference checked. It is plain JSON,
 * so it crosses process and thread boundaries as it is.
 */
import type { PathRewrite, RedirectConfig, RespondConfig, RouteMatch, SplitConfig } from "./route-model.ts";
import type { StoreConfig } from "./store-model.ts";
import type {
  BalanceKind,
  ConcurrencyConfig,
  DiscoveryConfig,
  FailoverConfig,
  FaultConfig,
  HashKey,
  HealthCheckConfig,
  MirrorConfig,
  OutlierConfig,
  RetryBudgetConfig,
  RetryConfig,
  SheddingConfig,
  StickyConfig,
} from "./traffic-model.ts";

export interface Config {
  readonly listeners: readonly ListenerConfig[];
  readonly clusters: readonly ClusterConfig[];
  readonly routes: readonly RouteConfig[];
  readonly limits: Limits;
  readonly timeouts: Timeouts;
  readonly forwarding: ForwardingConfig;
  /** Null: requests are taken however far the event loop is behind. */
  readonly shedding: SheddingConfig | null;
  /** Address of the admin listener, or null when it is switched off. */
  readonly admin: Address | null;
  readonly accessLog: AccessLogConfig;
  readonly log: LogConfig;
  /** Number of reactors. */
  readonly workers: number;
  readonly plugins: PluginsConfig;
  readonly cache: CacheStoreConfig;
  /** What policies may count in besides this machine's memory. */
  readonly stores: readonly StoreConfig[];
}

/** Where the responses are that policies keep. */
export interface CacheStoreConfig {
  /** Bytes in memory, over all reactors. */
  readonly memory: number;
  /** Null: what memory has no room for is gone, and a restart begins with nothing. */
  readonly disk: CacheDiskConfig | null;
  /** Null: each machine keeps its own. Never beside a disk. */
  readonly redis: CacheRedisConfig | null;
}

export interface CacheDiskConfig {
  /** Absolute; of Sluice alone. */
  readonly path: string;
  /** Bytes, over all reactors. */
  readonly size: number;
  /** The same. */
  readonly files: number;
}

export interface CacheRedisConfig {
  /** Name of one of the stores. */
  readonly store: string;
  /** Bytes; longer bodies stay in memory. */
  readonly maxBody: number;
  /** ms for which a response stays at most. */
  readonly keep: number;
}

export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

export interface ListenerConfig {
  /** Unique; the address as written when the operator gave no name. */
  readonly name: string;
  readonly address: Address;
  readonly tls: ListenerTls | null;
  /** Connections open at once on this listener, over all reactors; one more is answered 503 and closed. */
  readonly maxConnections: number;
}

export interface ListenerTls {
  /** The first entry serves clients that send no or an unknown server name. */
  readonly certificates: readonly CertificateFiles[];
  /** PEM file of the authorities that may sign client certificates. */
  readonly clientCa: string | null;
  readonly clientCertificate: "none" | "optional" | "required";
}

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  /** Server names (SNI), exact or `*.example.com`; empty: the names in the certificate. */
  readonly hosts: readonly string[];
}

export interface ClusterConfig {
  readonly name: string;
  /** Of a cluster with discovery: those that were found last. */
  readonly endpoints: readonly EndpointConfig[];
  /** Null: the endpoints are those of the config. */
  readonly discovery: DiscoveryConfig | null;
  readonly balance: BalanceKind;
  /** Null unless `balance` hashes. */
  readonly hashKey: HashKey | null;
  readonly sticky: StickyConfig | null;
  /** ms in which a new endpoint, or one that is back, comes to its full share. */
  readonly slowStart: number;
  readonly failover: FailoverConfig;
  /** Active checks; null: none. */
  readonly health: HealthCheckConfig | null;
  /** Null: endpoints stay in, whatever they answer. */
  readonly outlier: OutlierConfig | null;
  readonly retryBudget: RetryBudgetConfig;
  /**
   * Which connections carry more than one request: all that ended their last response
   * cleanly; those whose endpoint also sends X-Request-Id back, so that no late response to
   * an earlier request can be taken for the answer; or none.
   */
  readonly reuse: "always" | "verified" | "never";
  /** Verified TLS towards the endpoints, or null for plain text. */
  readonly tls: ClusterTls | null;
  /** Connections per endpoint and reactor. */
  readonly maxConnections: number;
  /** Requests per endpoint and reactor that may wait for a connection; one more is answered 503. */
  readonly maxPending: number;
  /** Idle connections kept per endpoint and reactor. */
  readonly maxIdle: number;
  /** Requests in flight, over all endpoints and reactors; one more is answered 503. Null: any number. */
  readonly maxRequests: number | null;
  /** Requests of which a retry is in flight, or about to be, over all endpoints and reactors. Null: any number. */
  readonly maxRetries: number | null;
  /** A limit on requests in flight that follows the latency; null: there is none. */
  readonly concurrency: ConcurrencyConfig | null;
  readonly timeouts: ClusterTimeouts;
}

export interface EndpointConfig {
  readonly address: Address;
  /** Share of the requests; at least 1. */
  readonly weight: number;
  readonly zone: string | null;
  /** 0 is asked first. */
  readonly priority: number;
  /** `host[:port]` as an authority, what `host: upstream` writes into Host. */
  readonly authority: string;
}

export interface ClusterTls {
  readonly verify: boolean;
  /** PEM file; null: the system's authorities. */
  readonly ca: string | null;
  /** Server name to send and verify; null: the endpoint's host. */
  readonly serverName: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

/** All in ms. */
export interface ClusterTimeouts {
  readonly connect: number;
  /** A request waiting for a connection. */
  readonly pending: number;
  /** From the last request byte to the response head. */
  readonly responseHead: number;
  /** Between two reads of a response body. */
  readonly responseIdle: number;
  /** An unused pooled connection; a shorter `Keep-Alive: timeout` from the endpoint wins. */
  readonly poolIdle: number;
}

export interface RouteConfig {
  /** Unique; used in logs and as a metric label. */
  readonly name: string;
  /** Whether the operator gave the name; one that was made may be another route's after a reload. */
  readonly isNamed: boolean;
  readonly match: RouteMatch;
  /** Of `cluster`, `split`, `redirect` and `respond` one is there: what answers. */
  readonly cluster: string | null;
  readonly split: SplitConfig | null;
  readonly redirect: RedirectConfig | null;
  readonly respond: RespondConfig | null;
  /** Null: the path goes upstream as it came. */
  readonly rewrite: PathRewrite | null;
  /** ms for a request with all its attempts, until the response head; 0: as long as its parts may take. */
  readonly timeout: number;
  /** Null: endpoints are not told how much time is left. */
  readonly deadlineHeader: DeadlineHeader | null;
  /** 0: its requests are kept longest when load is shed; 3: they go first. */
  readonly priority: 0 | 1 | 2 | 3;
  /** A field that says another one; null: none does. */
  readonly priorityHeader: PriorityHeader | null;
  /** Null: nothing is sent twice. */
  readonly retry: RetryConfig | null;
  /** Who gets copies of its requests. */
  readonly mirror: readonly MirrorConfig[];
  /** Null: nothing is injected. */
  readonly fault: FaultConfig | null;
  /** What Host says upstream: the client's, the endpoint's, or this text. */
  readonly host: "preserve" | "upstream" | { readonly literal: string };
  /** In the order in which they see a request; null: every plugin of the folder, by file name. */
  readonly policies: readonly PolicyConfig[] | null;
}

export interface DeadlineHeader {
  /** In lower case. */
  readonly name: string;
  /** Of those who send one, who is believed. */
  readonly from: "nobody" | "trusted" | "anyone";
}

export interface PriorityHeader {
  /** In lower case. */
  readonly name: string;
  /** Whether any client may make its requests more important, and not only trusted proxies. */
  readonly fromAnyone: boolean;
}

/** A plugin with its config, on a route. */
export interface PolicyConfig {
  /** Name of the plugin, of the folder or else built in. */
  readonly plugin: string;
  /** Null: what the plugin's settings say. */
  readonly config: unknown;
}

export interface PluginsConfig {
  /** Where plugins are; null: there are none. */
  readonly directory: string | null;
  /** Folder in which the last good generation of plugins and the operator's values for them are kept; null: they are not. */
  readonly state: string | null;
  /** Grant what plugins declare, for development. */
  readonly grantDeclared: boolean;
  /** Show browsers what failed in a policy, with its text; for development. Absent: no. */
  readonly showFailures?: boolean;
  /** Tell where plugins use up their time from the first time on, at a price for each entry; for development. Absent: no. */
  readonly findsLoops?: boolean;
  /** What plugins may give themselves; what `settings` say of one may be more. */
  readonly maxLimits: PluginLimits;
  /** Of plugins about which something is said. */
  readonly settings: Readonly<Record<string, PluginSettings>>;
}

export interface PluginSettings {
  /** Null: the default of the runtime, or inline for one that is built in. */
  readonly engine: "isolated-vm" | "quickjs" | "inline" | null;
  /** Config where a route says nothing else. */
  readonly config: unknown;
  readonly limits: Partial<PluginLimits>;
  readonly grants: Grants;
  /** Null: what the plugin says. */
  readonly onFailure: "closed" | "open" | null;
}

export interface PluginLimits {
  /** CPU time of one call, in ms. */
  readonly cpu: number;
  /** Time of one phase, in ms. */
  readonly wall: number;
  /** Memory of the guest, in bytes. */
  readonly memory: number;
  /** Longest body that is read as a whole, in bytes. */
  readonly body: number;
  /** Outbound calls of one request. */
  readonly fetches: number;
  /** Lines in the log per second. */
  readonly logLines: number;
}

/** What a plugin may reach. */
export interface Grants {
  readonly fetch: readonly FetchGrant[];
  readonly kv: boolean;
  /** Whether it may keep responses. */
  readonly cache: boolean;
  /** Whether it may say who a client is. */
  readonly identity: boolean;
  /** Names of environment variables. */
  readonly env: readonly string[];
  /** Where endpoints that it finds may be: see `parseEndpointGrant`. */
  readonly endpoints: readonly string[];
}

export type FetchGrant = string | { readonly origin: string; readonly private?: boolean };

export interface Limits {
  /** Bytes of the request line or status line (414). */
  readonly startLine: number;
  /** Bytes of a head, start line included (431). */
  readonly head: number;
  /** Fields in a head (431). */
  readonly fields: number;
  /** Bytes of a trailer section. */
  readonly trailers: number;
  /** Bytes of extensions on one chunk; on all chunks of a body together 64 times that. */
  readonly chunkExtensions: number;
  /** Bytes of a request body (413). */
  readonly requestBody: number;
}

/** All in ms. */
export interface Timeouts {
  /** From the first byte of a request (or from accept) to the end of its head. */
  readonly head: number;
  /** Between two reads of a request body. */
  readonly bodyIdle: number;
  /** Between a response and the next request on a connection. */
  readonly keepAlive: number;
  /** A client that does not read its response. */
  readonly writeIdle: number;
  /** Neither side of an upgraded connection sent anything. */
  readonly tunnelIdle: number;
  /** From SIGTERM ("not ready") until listeners close. */
  readonly drainDelay: number;
  /** From then until requests still in flight are cut. */
  readonly drainTimeout: number;
}

export interface ForwardingConfig {
  /** CIDR blocks or addresses whose X-Forwarded-* and X-Request-Id are believed. */
  readonly trustedProxies: readonly string[];
  /** Name in Via; must differ between two proxies in one chain. */
  readonly via: string;
  /** Also write the Forwarded field (RFC 7239). */
  readonly forwarded: boolean;
  /** Upgrade tokens that may become a tunnel, lower case. */
  readonly upgrades: readonly string[];
}

export interface AccessLogConfig {
  readonly enabled: boolean;
}

export interface LogConfig {
  readonly level: "debug" | "info" | "warn" | "error" | "silent";
  /** Lines for people instead of JSON. */
  readonly pretty: boolean;
}
