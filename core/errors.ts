/**
 * The one error of the data path. Everything that can go wrong with an exchange has a
 * code in this closed union; what a client sees of it (status, Proxy-Status error type,
 * title) is decided here and nowhere else.
 */

/** Whose doing it was. */
export type ErrorSource = "downstream" | "upstream" | "plugin" | "internal";

/** Whether the request may be sent again: never, after a dead reused connection, or always. */
export type RetrySafety = "never" | "reused-connection" | "safe";

interface ErrorMeaning {
  /** Status of the local reply. For parse errors: when the client sent it; from upstream it is 502. */
  readonly status: number;
  readonly title: string;
  /** Error type of Proxy-Status (RFC 9209 section 2.3). */
  readonly proxyStatus: string;
}

function meaning(status: number, title: string, proxyStatus: string): ErrorMeaning {
  return { status, title, proxyStatus };
}

const requestError = "http_request_error";

const meanings = {
  // A message that does not parse. RFC 9112 unless another is named.
  start_line_malformed: meaning(400, "Start line is malformed", requestError),
  start_line_too_long: meaning(414, "Request line is too long", requestError),
  version_unsupported: meaning(505, "HTTP version is not supported", requestError),
  target_malformed: meaning(400, "Request target is malformed", requestError),
  head_too_large: meaning(431, "Head is too large", requestError),
  fields_too_many: meaning(431, "Head has too many fields", requestError),
  line_ending_malformed: meaning(400, "Line does not end in CRLF", requestError),
  field_malformed: meaning(400, "Field is malformed", requestError),
  host_malformed: meaning(400, "Host is missing or malformed", requestError),
  content_length_malformed: meaning(400, "Content-Length is malformed", requestError),
  transfer_encoding_unsupported: meaning(400, "Transfer-Encoding is not supported", requestError),
  framing_ambiguous: meaning(400, "Framing is ambiguous", requestError),
  chunk_malformed: meaning(400, "Chunk is malformed", requestError),
  trailers_malformed: meaning(400, "Trailer section is malformed", requestError),
  trailers_too_large: meaning(431, "Trailer section is too large", requestError),
  status_malformed: meaning(502, "Status is malformed", "http_protocol_error"),

  // A request that is refused for what it asks.
  method_not_allowed: meaning(405, "Method is not allowed", requestError),
  expectation_failed: meaning(417, "Expectation is not supported", requestError),
  content_malformed: meaning(400, "Request body does not decode", requestError),
  body_too_large: meaning(413, "Request body is too large", requestError),
  route_not_found: meaning(404, "No route matches", "destination_not_found"),
  loop_detected: meaning(508, "Request passed here before", "proxy_loop_detected"),
  head_timeout: meaning(408, "Request head took too long", "http_request_error"),
  body_timeout: meaning(408, "Request body took too long", "http_request_error"),
  connections_exhausted: meaning(503, "Too many connections", "connection_limit_reached"),
  client_gone: meaning(499, "Client closed the connection", requestError),
  client_stalled: meaning(499, "Client stopped reading", requestError),

  // The upstream side.
  no_healthy_upstream: meaning(503, "No endpoint is healthy", "destination_unavailable"),
  requests_exhausted: meaning(503, "Too many requests at once", "connection_limit_reached"),
  pending_overflow: meaning(503, "Too many requests wait for a connection", "connection_limit_reached"),
  pending_timeout: meaning(503, "No connection became free in time", "connection_limit_reached"),
  name_unresolved: meaning(502, "Endpoint name does not resolve", "dns_error"),
  connect_refused: meaning(502, "Endpoint refused the connection", "connection_refused"),
  connect_failed: meaning(502, "Endpoint cannot be reached", "destination_ip_unroutable"),
  connect_timeout: meaning(504, "Endpoint did not accept in time", "connection_timeout"),
  tls_failed: meaning(502, "TLS to the endpoint failed", "tls_protocol_error"),
  tls_certificate: meaning(502, "Certificate of the endpoint is not trusted", "tls_certificate_error"),
  upstream_closed: meaning(502, "Endpoint closed the connection", "connection_terminated"),
  response_truncated: meaning(502, "Response is incomplete", "http_response_incomplete"),
  response_content_malformed: meaning(502, "Response body does not decode", "http_response_content_coding"),
  response_head_timeout: meaning(504, "Endpoint did not answer in time", "http_response_timeout"),
  response_idle_timeout: meaning(504, "Response stalled", "http_response_timeout"),
  response_mismatched: meaning(502, "Response answers another request", "http_protocol_error"),
  response_surplus: meaning(502, "Endpoint sent more than its response", "http_protocol_error"),
  upgrade_unexpected: meaning(502, "Endpoint switched protocols unasked", "http_upgrade_failed"),
  interim_flood: meaning(502, "Endpoint sent too many interim responses", "http_protocol_error"),
  tunnel_idle: meaning(504, "Tunnel was idle for too long", "connection_read_timeout"),

  // A policy. What it did is for the log, not for the client.
  plugin_failed: meaning(500, "A policy failed", "proxy_internal_error"),
  plugin_quarantined: meaning(503, "A policy is out of service", "destination_unavailable"),
  response_too_large: meaning(502, "Response body is too large for a policy", "http_response_body_size"),
  reroute_loop: meaning(508, "Policies sent the request in a circle", "proxy_loop_detected"),

  // What a route was told to do.
  fault_injected: meaning(503, "Fault was injected", "proxy_internal_response"),

  deadline_exceeded: meaning(504, "Request took too long", "http_response_timeout"),

  decoders_exhausted: meaning(503, "Too many bodies are being decoded", "http_request_denied"),
  overloaded: meaning(503, "Too much to do", "http_request_denied"),
  draining: meaning(503, "Proxy is shutting down", "destination_unavailable"),
  internal: meaning(500, "Internal error", "proxy_internal_error"),
} satisfies Record<string, ErrorMeaning>;

export type ErrorCode = keyof typeof meanings;

/** Every code, for metrics that keep one counter per code. */
export const errorCodes: readonly ErrorCode[] = Object.keys(meanings) as ErrorCode[];

export interface ProxyErrorOptions {
  readonly source: ErrorSource;
  readonly retry?: RetrySafety;
  readonly cause?: unknown;
  /** In the place of the status that the code has. */
  readonly status?: number;
}

/**
 * @example
 * throw new ProxyError("chunk_malformed", "Cannot read chunk size: found \"0x5\"", { source: "downstream" });
 */
export class ProxyError extends Error {
  override readonly name = "ProxyError";
  readonly code: ErrorCode;
  readonly source: ErrorSource;
  readonly retry: RetrySafety;
  private readonly ownStatus: number | null;

  constructor(code: ErrorCode, message: string, options: ProxyErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.source = options.source;
    this.retry = options.retry ?? "never";
    this.ownStatus = options.status ?? null;
  }

  /** Status of the local reply that tells the client. */
  get status(): number {
    const { status, proxyStatus } = meanings[this.code];
    if (this.ownStatus !== null) return this.ownStatus;
    return this.source === "upstream" && proxyStatus === requestError ? 502 : status;
  }

  get title(): string {
    return meanings[this.code].title;
  }

  /** Error type for the Proxy-Status field (RFC 9209 section 2.3). */
  get proxyStatus(): string {
    const { proxyStatus } = meanings[this.code];
    return this.source === "upstream" && proxyStatus === requestError ? "http_protocol_error" : proxyStatus;
  }
}

/** Whether there was nobody to connect to: the process is gone, or its host. */
export function isConnectFailure({ code }: ProxyError): boolean {
  return code === "connect_refused" || code === "connect_failed" || code === "connect_timeout";
}

/** What was thrown on the data path, as a `ProxyError`: anything else is a defect of the proxy. */
export function toProxyError(error: unknown, doing: string): ProxyError {
  if (error instanceof ProxyError) return error;
  return new ProxyError("internal", `Cannot ${doing}`, { source: "internal", cause: error });
}
