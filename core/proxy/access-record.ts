import type { ProxyError } from "../errors.ts";
import type { AccessRecord } from "../observe/access-log.ts";
import type { ClientSide } from "../wire/forward/client-side.ts";
import type { Exchange } from "./exchange.ts";

/** What the access log says of a finished exchange. */
export function accessRecord(exchange: Exchange, side: ClientSide, durationMs: number): AccessRecord {
  const { head, route, choice, attempts, error } = exchange;
  const subject = exchange.policies?.request.identity?.subject;
  return {
    requestId: exchange.requestId,
    client: side.address,
    ...(subject !== undefined && { subject }),
    method: exchange.method,
    host: head.authority,
    path: head.target,
    protocol: head.minor === 1 ? "HTTP/1.1" : "HTTP/1.0",
    route: route?.config.name ?? null,
    cluster: (attempts.cluster ?? choice?.cluster ?? route?.cluster)?.name ?? null,
    upstream: attempts.endpoint?.name ?? null,
    status: exchange.status,
    bytesIn: exchange.requestBody.length,
    bytesOut: exchange.bytesOut,
    durationMs: round(durationMs),
    upstreamMs: attempts.upstreamMs === null ? null : round(attempts.upstreamMs),
    attempts: attempts.count,
    error: error?.code ?? null,
    ...(error !== null && { detail: error.message }),
  };
}

/** What it says of bytes that were no request: nothing in them can be relied on. */
export function refusalRecord(error: ProxyError, side: ClientSide): AccessRecord {
  return {
    requestId: "-",
    client: side.address,
    method: "-",
    host: "-",
    path: "-",
    protocol: "HTTP/1.1",
    route: null,
    cluster: null,
    upstream: null,
    status: error.status,
    bytesIn: 0,
    bytesOut: 0,
    durationMs: 0,
    upstreamMs: null,
    attempts: 0,
    // No detail: it quotes what was sent, which may be a credential.
    error: error.code,
  };
}

/** Microseconds are as fine as the clock is. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
