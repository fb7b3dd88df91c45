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
  /** Name of the cluster that the request goes to. A name that no cluster has is a fault. */
  cluster: string;
  /** `host:port` of the endpoint that is to answer, as the cluster names it; null: the balancer chooses. */
  endpoint: string | null;
  readonly method: string;
  /** Assign an absolute URL or one that begins with `/`, as in `onRequest`. */
  url: string;
  /** Edits hold for this attempt alone: signatures and credentials are best added here. */
  readonly headers: WebHeaders;
}
