import { HostCallError } from "../error.ts";
import { OutboundRefusal } from "../outbound/refusal.ts";

/**
 * What can go wrong on the way, by the code of the error, in words for plugin authors. The errors themselves
 * hold addresses and paths of this machine and stay on the host.
 */
const reasons = new Map([
  ["ENOTFOUND", "host name was not found"],
  ["EAI_AGAIN", "name server did not answer"],
  ["ECONNREFUSED", "connection was refused"],
  ["ECONNRESET", "connection was reset"],
  ["EPIPE", "connection was closed"],
  ["EHOSTUNREACH", "host cannot be reached"],
  ["ENETUNREACH", "network cannot be reached"],
  ["ETIMEDOUT", "connection took too long"],
  ["UND_ERR_CONNECT_TIMEOUT", "connection took too long"],
  ["UND_ERR_SOCKET", "connection was closed before the response was complete"],
  ["UND_ERR_HEADERS_OVERFLOW", "response head is too long"],
  ["UND_ERR_RESPONSE_EXCEEDED_MAX_SIZE", "response body is too long"],
  ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "response body has another length than its Content-Length"],
  ["UND_ERR_REQ_CONTENT_LENGTH_MISMATCH", "request body has another length than its Content-Length"],
  ["UND_ERR_MAX_ORIGINS_REACHED", "too many origins have open connections"],
  ["HPE_HEADER_OVERFLOW", "response head is too long"],
]);

const families: readonly (readonly [RegExp, string])[] = [
  [/^HPE_/, "response is not valid HTTP"],
  [/^(Z_|ERR_.*BROTLI|ERR__ERROR_)/, "response body cannot be decoded"],
  [
    /^(CERT_|ERR_TLS_CERT|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO_|HOSTNAME_MISMATCH)/,
    "certificate was not accepted",
  ],
  [/^(ERR_SSL|ERR_TLS|EPROTO)/, "TLS handshake failed"],
];

/**
 * The error that a guest sees: what was being done, and what was found.
 *
 * @param doing such as `GET https://api.example.com`; empty before that is known
 * @example
 * fetchFailure(error, "GET https://api.example.com").message;
 * // "fetch failed: GET https://api.example.com: connection was refused"
 */
export function fetchFailure(error: unknown, doing: string): HostCallError {
  const context = doing === "" ? "fetch failed" : `fetch failed: ${doing}`;
  if (error instanceof HostCallError) return new HostCallError(error.name, `${context}: ${error.message}`);
  const refusal = findRefusal(error);
  if (refusal) return new HostCallError("NotAllowedError", `${context}: ${refusal.message}`);
  return new HostCallError("TypeError", `${context}: ${reasonOf(error)}`);
}

/** A code for the log and for metrics: `ECONNREFUSED`, `NotAllowedError`. */
export function failureCode(error: unknown): string {
  if (error instanceof HostCallError) return error.name;
  return findRefusal(error) ? "NotAllowedError" : codeOf(error) || "Error";
}

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  return reasons.get(code) ?? families.find(([pattern]) => pattern.test(code))?.[1] ?? "connection failed";
}

/** A socket that tries several addresses fails with all of their errors in one. */
function errorsIn(error: unknown): Error[] {
  if (error instanceof AggregateError) return error.errors.flatMap(errorsIn);
  if (!(error instanceof Error)) return [];
  return [error, ...(error.cause ? errorsIn(error.cause) : [])];
}

function findRefusal(error: unknown): OutboundRefusal | undefined {
  return errorsIn(error).find((one) => one instanceof OutboundRefusal);
}

function codeOf(error: unknown): string {
  const [first] = errorsIn(error) as NodeJS.ErrnoException[];
  const own = (error as NodeJS.ErrnoException | undefined)?.code;
  const code = typeof own === "string" ? own : first?.code;
  // undici's parser gives some of its errors no code.
  if (typeof code !== "string") return first?.name === "HTTPParserError" ? "HPE_INVALID" : "";
  return code;
}
