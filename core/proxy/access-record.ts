import type { AccessRecord } from "../observe/access-log.ts";
import type { ClientSide } from "../wire/forward.ts";
import type { Exchange } from "./exchange.ts";

/** What the access log says of a finished exchange. */
export function accessRecord(exchange: Exchange, side: ClientSide, durationMs: number): AccessRecord {
  const { head, route, endpoint, error } = exchange;
  return {
    requestId: exchange.requestId,
    client: side.address,
    method: exchange.method,
    host: head.authority,
    path: head.target,
    protocol: head.minor === 1 ? "HTTP/1.1" : "HTTP/1.0",
    route: route?.config.name ?? null,
    cluster: route?.cluster.name ?? null,
    upstream: endpoint?.name ?? null,
    status: exchange.status,
    bytesIn: exchange.requestBody.length,
    bytesOut: exchange.bytesOut,
    durationMs: round(durationMs),
    upstreamMs: exchange.upstreamMs === null ? null : round(exchange.upstreamMs),
    attempts: exchange.attempts,
    error: error?.code ?? null,
    ...(error !== null && { detail: error.message }),
  };
}

/** Microseconds are as fine as the clock is. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
