/** What a request on a connection to an endpoint fails with. */
import { ProxyError } from "../errors.ts";
import type { Endpoint } from "./endpoint.ts";

export function connectTimedOut({ name, timeouts }: Endpoint): ProxyError {
  const message = `Cannot connect to ${name}: no answer in ${timeouts.connect} ms`;
  return new ProxyError("connect_timeout", message, { source: "upstream", retry: "safe" });
}

/** @param hasHead whether the response's head has come */
export function answerTimedOut({ name }: Endpoint, hasHead: boolean): ProxyError {
  const code = hasHead ? "response_idle_timeout" : "response_head_timeout";
  return new ProxyError(code, `${name} did not answer in time`, { source: "upstream" });
}

/**
 * The connection ended.
 *
 * @param hasBegun whether a byte of the response has come
 * @param isReused whether it had carried another request: it may have been closed before this one came
 */
export function connectionLost(
  { name }: Endpoint,
  hasBegun: boolean,
  isReused: boolean,
  cause: unknown,
): ProxyError {
  return new ProxyError(
    hasBegun ? "response_truncated" : "upstream_closed",
    `${name} closed the connection ${hasBegun ? "inside a response" : "before it answered"}`,
    { source: "upstream", retry: !hasBegun && isReused ? "reused-connection" : "never", cause },
  );
}

/** The response carries the id of another request. */
export function answeredAgain({ name }: Endpoint): ProxyError {
  const message = `${name} answered an earlier request again`;
  return new ProxyError("response_mismatched", message, { source: "upstream", retry: "reused-connection" });
}
