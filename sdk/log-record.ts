/**
 * An exchange that is over, as the access log writes it.
 *
 * @example
 * onLog(record, ctx) {
 *   if (record.durationMs > 1000) ctx.metrics.counter("slow_requests");
 * }
 */
export interface LogRecord {
  readonly requestId: string;
  /** Address of the peer. */
  readonly client: string;
  /** Whom the policies took the client for: `ctx.identity`; absent when none said. */
  readonly subject?: string;
  readonly method: string;
  /** Authority that was asked for. */
  readonly host: string;
  readonly path: string;
  readonly protocol: string;
  /** Name of the route; null when none matched. */
  readonly route: string | null;
  readonly cluster: string | null;
  /** Address of the endpoint that answered, or that was tried last. */
  readonly upstream: string | null;
  readonly status: number;
  /** Bytes of the request body, chunk framing included. */
  readonly bytesIn: number;
  /** Bytes of the response body, chunk framing included. */
  readonly bytesOut: number;
  /** From the first byte of the request to the last of the response, in ms. */
  readonly durationMs: number;
  /** From the first attempt to the response head, in ms; null when there was none. */
  readonly upstreamMs: number | null;
  readonly attempts: number;
  /** Code of what went wrong; null when nothing did. */
  readonly error: string | null;
  readonly detail?: string;
}
