import type { WebHeaders } from "./web.ts";

/**
 * One try to have the request answered. A retry is another attempt, for which `onUpstream` runs again.
 *
 * @example
 * onUpstream(attempt, ctx) {
 *   attempt.headers.set("x-attempt", String(attempt.number));
 *   if (attempt.number > 1) attempt.endpoint = ctx.config.fallback;
 * }
 */
export interface UpstreamAttempt {
  /** 1 for the first. */
  readonly number: number;
  /**
   * Whether the attempt before it failed. It did not when there was none, when it takes long and this one runs beside it,
   * or when it was lost with a connection that had been idle.
   */
  readonly isRetry: boolean;
  /** Who was asked before this attempt, in vain or without an answer so far; null: nobody was. */
  readonly previous: AskedEndpoint | null;
  /** Name of the cluster that the request goes to. A name that no cluster has is a fault of this plugin, which is skipped then if it fails open. */
  cluster: string;
  /**
   * `host:port` of the endpoint that is to answer, as the cluster names it; null: the balancer chooses. A name that the cluster
   * has not got is a fault of this plugin; if it fails open, the balancer chooses.
   */
  endpoint: string | null;
  readonly method: string;
  /** Assign an absolute URL or one that begins with `/`, as in `onRequest`. */
  url: string;
  /**
   * The balancer is not to choose these endpoints for this attempt; names that the cluster has not got do not matter. What
   * several policies say adds up, up to 256 names; the last one decides about `whenAll`. An endpoint that is assigned to
   * `endpoint` is asked nevertheless.
   *
   * @throws RangeError when there are more than 256 names
   * @example
   * onUpstream(attempt, ctx) {
   *   attempt.avoid(ctx.config.inMaintenance, { whenAll: "refuse" });
   * }
   */
  avoid(endpoints: readonly string[], options?: AvoidOptions): void;
  /**
   * This endpoint is to be asked if the cluster has it and sends it requests at all: unlike one that is assigned to `endpoint` it is no
   * fault when it is gone, and not asked when it failed its health check, was tried already, or the client's
   * cookie leads to another one.
   */
  prefer(endpoint: string): void;
  /** Edits hold for this attempt alone: signatures and credentials are best added here. */
  readonly headers: WebHeaders;
}

export interface AskedEndpoint {
  /** Name of its cluster. */
  readonly cluster: string;
  /** `host:port`. */
  readonly endpoint: string;
}

export interface AvoidOptions {
  /**
   * What follows when the cluster has no other endpoint that gets requests. `ask` (the default): they are asked after all; `refuse`:
   * the attempt ends with `no_healthy_upstream`, which `onResponse` sees; a cluster: the attempt goes there.
   */
  readonly whenAll?: "ask" | "refuse" | { readonly cluster: string };
}
