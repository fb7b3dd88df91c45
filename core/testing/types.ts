/** What tests of plugins see: the web's types and nothing of the proxy's own. */
import type { Capabilities } from "../../sdk/capabilities.ts";
import type { ClientCertificate } from "../../sdk/context.ts";
import type { Limits } from "../../sdk/limits.ts";
import type { LogRecord } from "../../sdk/log-record.ts";

export type TestEngine = "isolated-vm" | "quickjs" | "inline";

export interface TestGatewayOptions {
  /** In the order in which they see a request. */
  readonly plugins: readonly PluginEntry[];
  /** The service behind the gateway. Default: answers `ok`. */
  readonly upstream?: TestUpstream;
  /** Further services by the name of their cluster, for `ctx.upstream.cluster` and `attempt.cluster`. */
  readonly clusters?: Readonly<Record<string, TestUpstream>>;
  /** Default: what the variable SLUICE_TEST_ENGINE says, or else the default of the runtime. */
  readonly engine?: TestEngine;
  /** The environment; that of the test is not seen. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Answers the `fetch` of plugins, within their grants. What it throws looks like a network that failed; a failed
   * assertion, or something else than a fresh Response, rejects the test's next call as well. Without it every call
   * fails.
   *
   * @example
   * fetch: (request) => Response.json({ allowed: request.headers.has("authorization") }),
   */
  readonly fetch?: (request: Request) => Response | Promise<Response>;
  /** Whether time goes on by itself or only by `gateway.clock.advance`. Default: `running`. */
  readonly clock?: "running" | "stopped";
  /** IP address of the client. Default: `127.0.0.1`. */
  readonly client?: string;
  /** What `ctx.client.tls.certificate` is for `https:`, of which an authority of the listener would have approved. Default: none. */
  readonly clientCertificate?: ClientCertificate;
  /**
   * Stores that machines share, by name: URLs of real Redis servers. Their time goes on by itself, and
   * their answers are waited for longer than in service.
   *
   * @example
   * stores: { shared: "redis://127.0.0.1:6379" },
   */
  readonly stores?: Readonly<Record<string, string>>;
  /** `import.meta.url` of the test, where it cannot be found out: paths of plugins are relative to it. */
  readonly from?: string | URL;
}

/** A file or the name of a built-in policy, one of them with its config, or with what an operator may say of it. */
export type PluginEntry = string | URL | readonly [plugin: string | URL, config: unknown] | PluginOptions;

/**
 * Has either `plugin` or `source`. What `engine`, `grants`, `limits` and `onFailure` say counts for all entries of the
 * plugin, as in a config: they may not differ, unless the names do.
 */
export interface PluginOptions {
  /** File, relative to the test; or the name of a built-in policy. */
  readonly plugin?: string | URL;
  /** Its text, for a plugin without a file. */
  readonly source?: string;
  /** Default: the name of the file, or `plugin`. */
  readonly name?: string;
  readonly config?: unknown;
  readonly engine?: TestEngine;
  /**
   * Default: what the plugin declares. Once one plugin of a test has this, the others have only what their
   * own entries grant.
   */
  readonly grants?: Capabilities;
  /**
   * In the place of the plugin's own. Default: those, but `cpu`, which is 1 s: a busy machine stops a thread for
   * longer than a plugin may run.
   */
  readonly limits?: Limits;
  readonly onFailure?: "closed" | "open";
  /** Name of a cluster whose endpoints it finds: for `gateway.discover`. Requests do not meet it then. */
  readonly discovers?: string;
}

/**
 * A function in the place of the service, or the URL of a real one. What the function throws rejects the
 * `gateway.fetch` that it happened in; `Response.error()` breaks the connection without an answer.
 */
export type TestUpstream = ((request: Request) => Response | Promise<Response>) | string | URL;

export interface TestGateway extends AsyncDisposable {
  /**
   * Sends a request and gives the response as a client gets it: redirects are not followed, nothing is decoded,
   * the body streams. A path is that of `http://localhost`; `https:` arrives as if it had come over TLS 1.3, with the
   * host of the URL as server name.
   *
   * @example
   * const response = await gateway.fetch("/orders", { headers: { "x-tenant": "acme" } });
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /**
   * Asks the plugin whose entry says `discovers` for the endpoints of that cluster, once.
   *
   * @throws Error when it fails, or finds what the proxy would refuse
   * @example
   * const [first] = await gateway.discover("orders"); // { address: "10.0.0.7:80", weight: 1, zone: null, priority: 0 }
   */
  discover(cluster: string): Promise<TestEndpoint[]>;
  readonly clock: TestClock;
  /** Lines that plugins wrote, in order. */
  readonly log: readonly TestLogLine[];
  readonly metrics: TestMetrics;
  readonly kv: TestKeyValues;
  /** What went wrong in plugins, in order. */
  readonly faults: readonly TestFault[];
  /** What the access log would hold, in order: of each exchange when its last byte is gone. */
  readonly records: readonly LogRecord[];
  /**
   * Puts other plugins in place of those there are, as saving files does: requests under way end on the old ones.
   *
   * @throws Error when one cannot be loaded; the old ones stay then
   */
  reload(plugins: readonly PluginEntry[]): Promise<void>;
  /**
   * Ends everything. What plugins have begun, their `onLog` and what `ctx.waitUntil` was given, has 250 ms to be done. Until then the program may not end, as
   * with any server: `await using` does it in any case.
   */
  close(): Promise<void>;
}

/** An endpoint with its defaults filled in. */
export interface TestEndpoint {
  readonly address: string;
  readonly weight: number;
  readonly zone: string | null;
  readonly priority: number;
}

/**
 * The time that plugins see: `performance.now()`, timers, how long `ctx.kv` and `ctx.counters` keep a value, how long a
 * handler may take (`limits.wall`). `Date`, and `limits.wall` of `discover`, go their own way. On a stopped clock a
 * handler ends after 20 s of real time, or its `limits.wall` if that is longer: a test that moves no clock has an end.
 */
export interface TestClock {
  /** In ms. */
  now(): number;
  /**
   * Moves time forward and runs what is due on the way; resolves when plugins have seen it. It waits for what they
   * have the host do: `crypto.subtle`, and 100 ms at most for an answer that the test may be holding back, of `fetch` say.
   *
   * @param ms at least 0, and finite
   * @example
   * await gateway.clock.advance(60_000);
   */
  advance(ms: number): Promise<void>;
}

export interface TestLogLine {
  readonly plugin: string;
  readonly level: string;
  readonly message: string;
  /** Empty when the plugin gave none. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** `file:line:column` of the call; null when it is not known. */
  readonly at: string | null;
}

/** Of one plugin, or by default of all. */
export interface TestMetrics {
  /** The sum so far; 0 when nothing was counted. */
  counter(name: string, plugin?: string): number;
  /** What was said last; null when nothing was. */
  gauge(name: string, plugin?: string): number | null;
  /** The values so far, in order. */
  histogram(name: string, plugin?: string): readonly number[];
}

/** What plugins keep. Each has keys of its own: with several plugins, say whose. */
export interface TestKeyValues {
  get<Value = unknown>(key: string, plugin?: string): Promise<Value | undefined>;
  /** @param options ttl in seconds */
  set(
    key: string,
    value: unknown,
    options?: { readonly ttl?: number; readonly plugin?: string },
  ): Promise<void>;
}

export interface TestFault {
  readonly plugin: string;
  /** Null when the whole guest was lost. */
  readonly phase: string | null;
  /** `throw`, or how the guest was lost: `cpu`, `memory`, `crash`. */
  readonly cause: string;
  readonly message: string;
  /** `file:line:column` in the author's text; null when it is not known. */
  readonly at: string | null;
}
