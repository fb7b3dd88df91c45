import type { Counters } from "./counters.ts";
import type { Identity } from "./identity.ts";
import type { KeyValueStore } from "./key-value-store.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import type { ResponseCache } from "./response-cache.ts";
import type { SharedStore } from "./shared-store.ts";
import type { WebAbortSignal } from "./web.ts";

/**
 * What a handler has besides its message. One context accompanies a request through all phases of a
 * policy.
 *
 * @example
 * onRequest(request, ctx) {
 *   ctx.log.info("arrived", { from: ctx.client.address });
 *   ctx.state.begun = performance.now();
 * }
 */
export interface Context<Config = unknown, State = unknown> {
  /** The policy's config: checked against the plugin's schema, defaults filled in, frozen. */
  readonly config: Config;
  /**
   * Yours from phase to phase of one request; no other plugin and no other request sees it. It begins as
   * what the plugin's `state` returns, or as an empty object.
   */
  state: State;
  /** The route that the request took, and the cluster that it leads to; null when that is not one. */
  readonly route: { readonly name: string; readonly cluster: string | null };
  readonly client: Client;
  /**
   * The id that the logs and X-Request-Id have: that of a trusted proxy, or a new one. Assigned in `onRequest` it holds for the log,
   * the service and the policies behind this one: 1 to 128 visible ASCII characters.
   */
  requestId: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly kv: KeyValueStore;
  readonly counters: Counters;
  /** A store that machines share, by its name in the config. Throws a `NotFoundError` when there is none. */
  store(name: string): SharedStore;
  readonly cache: ResponseCache;
  /** Aborts when the client is gone, or the phase or the request has taken too long; give it to `fetch`. */
  readonly signal: WebAbortSignal;
  /**
   * Who sent the request; null: nobody has found out. Assigning it in `onRequest` tells the policies behind this one
   * and needs `capabilities: { identity: true }`. A policy before the one that assigns it does not see it, except in
   * the record of `onLog`. What is no identity is a `TypeError`.
   */
  identity: Identity | null;
  /** Where the request goes; to be assigned in `onRequest`. */
  readonly upstream: UpstreamChoice;
  /**
   * How important the request is when not all can be served: 0 is kept longest, 3 goes first. Of the route, or of the header
   * that the route names, until it is assigned in `onRequest`; later it changes nothing.
   *
   * @example
   * if (request.headers.get("x-tier") === "gold") ctx.priority = 0;
   */
  priority: 0 | 1 | 2 | 3;
  /**
   * When the phase must be over, as `performance.now()` tells the time, in ms: at the end of its own time, or until the
   * response head at that of the request, whichever comes first.
   */
  readonly deadline: number;
  /**
   * In `onRequest`: has the request sent again, as it reaches this plugin, while it is answered otherwise. Nobody gets the
   * response to that: this plugin and those behind it see both in their phases, as they see any request, with `ctx.isRefresh`;
   * those before it are not asked again, but what they changed of the request is in it. It has 60 s, is the first
   * thing to go when not all can be served, and is neither counted nor logged as a request.
   *
   * Returns false when nothing is sent: this plugin's policy has had this request sent again already, there are too many (512 for
   * all plugins of a reactor, of which one has no more than are still free), the request has a body, or is itself such a one.
   *
   * @example
   * const stale = ctx.cache.get(request.url);
   * if (stale !== undefined && !ctx.isRefresh && ctx.refresh()) return stale.response();
   */
  refresh(): boolean;
  /** Whether the request is one that `refresh` has sent again: nobody waits for the response. */
  readonly isRefresh: boolean;
  /**
   * From here on the request is finished even when its client leaves: others wait for what it brings, or it must not be done
   * by half. Without a client it has 60 s; `ctx.signal` does not tell of the client any more. A request whose body is not
   * whole by then ends all the same, and so does one too many.
   *
   * @example
   * if (request.method === "POST") ctx.keepGoing();
   */
  keepGoing(): void;
  /**
   * Lets work go on that the response does not wait for. What it rejects with is logged. A function instead of a promise is a
   * `TypeError`.
   *
   * A plugin that is replaced has 30 s for it from its last request on, and one that is replaced often loses it earlier: four
   * of its former versions are waited for. When the proxy drains it has what is left of `drainTimeout`. What is dropped then is
   * logged. After a loop without end or too much memory it is lost with the sandbox.
   *
   * @example
   * ctx.waitUntil(fetch("https://audit.internal/events", { method: "POST", body: request.url }));
   */
  waitUntil(promise: PromiseLike<unknown>): void;
}

/**
 * The context of `onRequestBody` and `onResponseBody`. A plugin that has both gets another object in `onResponseBody`, which shares all with the
 * one of the other phases but for these two: both bodies may be on their way at the same time.
 */
export interface BodyContext<Config = unknown, State = unknown> extends Context<Config, State> {
  /** Whether the body is over. The chunk of this call is empty; what the handler returns still goes out. */
  readonly last: boolean;
  /** Ends the body after what this call returns; the rest of the original is read and thrown away. */
  end(): void;
}

/**
 * Another destination than the route says.
 *
 * @example
 * if (request.headers.get("x-beta") === "1") ctx.upstream.cluster = "beta";
 */
export interface UpstreamChoice {
  /** Name of a cluster of the config; null: the route's. A name that no cluster has is a fault of this plugin, which is skipped then if it fails open. */
  cluster: string | null;
  /**
   * `host:port` of an endpoint of the cluster; null: the balancer chooses. A name that the cluster has not got when the request goes there
   * is a fault of this plugin; if it fails open, the balancer chooses.
   */
  endpoint: string | null;
  /** What a cluster with `hashOn: policy` hashes: requests with the same text go to the same endpoint. */
  hashKey: string | null;
}

/** Who sent the request. */
export interface Client {
  /** IP address, of the client before a trusted proxy if there is one. */
  readonly address: string;
  /** Null: the connection is not encrypted. */
  readonly tls: ClientTls | null;
}

export interface ClientTls {
  /** `TLSv1.3` or `TLSv1.2`. */
  readonly protocol: string;
  /** The name that the client asked for (SNI); null when it named none. */
  readonly serverName: string | null;
  /** The client's certificate, which an authority of the listener signed; null when it showed none. */
  readonly certificate: ClientCertificate | null;
}

export interface ClientCertificate {
  /** Distinguished name, one attribute per line: `CN=billing\nO=Example`. */
  readonly subject: string;
  readonly issuer: string;
  /** `DNS:billing.internal, URI:spiffe://example/billing`, or null. */
  readonly subjectAltName: string | null;
  /** Hexadecimal. */
  readonly serialNumber: string;
  /** SHA-256 of the certificate: upper-case hexadecimal with colons. */
  readonly fingerprint256: string;
}
