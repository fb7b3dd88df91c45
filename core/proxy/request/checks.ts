/** What a request is refused for before it is routed. */
import type { Config } from "../../config/model.ts";
import { ProxyError } from "../../errors.ts";
import type { RouteTable } from "../../route/table.ts";
import { Kind } from "../../wire/field-kind.ts";
import { passedHere } from "../../wire/forward/request.ts";
import type { RequestHead } from "../../wire/request-head.ts";

/** Methods that any route may serve, for Allow. */
const forwarded = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/** @throws ProxyError method_not_allowed, expectation_failed, body_too_large, loop_detected */
export function checkRequest(head: RequestHead, config: Config): void {
  if (isNeverForwarded(head.method)) throw refusal("method_not_allowed", `${head.method} is not forwarded`);
  if ((head.kinds & Kind.expect) !== 0) checkExpectation(head);
  if (head.contentLength > config.limits.requestBody) {
    throw bodyTooLarge(config.limits.requestBody);
  }
  if ((head.kinds & Kind.via) !== 0 && passedHere(head, config.forwarding.via)) {
    throw refusal("loop_detected", "Via names this proxy");
  }
}

/** Allow for a 405 (RFC 9110 section 10.2.1). */
export function allowedBy(head: RequestHead, table: RouteTable): string {
  if (isNeverForwarded(head.method)) return forwarded;
  return table.allowedMethods(head.authority, head.path).join(", ");
}

/** CONNECT would make this an open proxy; TRACE shows a client fields that others added. */
function isNeverForwarded(method: string): boolean {
  return method === "CONNECT" || method === "TRACE";
}

/** RFC 9110 section 10.1.1: 100-continue is the only expectation there is. */
function checkExpectation(head: RequestHead): void {
  if (head.minor === 0) return;
  if (head.markedAll(Kind.expect)!.toLowerCase() === "100-continue") return;
  throw refusal("expectation_failed", "Expect is not 100-continue");
}

/** @param limit in bytes */
export function bodyTooLarge(limit: number): ProxyError {
  return refusal("body_too_large", `Request body is longer than ${limit} bytes`);
}

function refusal(code: ProxyError["code"], message: string): ProxyError {
  return new ProxyError(code, message, { source: "downstream" });
}
