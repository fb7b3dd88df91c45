import type { LogConfig } from "../config/model.ts";
import type { ErrorCode } from "../errors.ts";
import { standardOutput } from "./line-output.ts";
import type { LineSink } from "./line-sink.ts";
import { openPino } from "./logger.ts";

/** One finished exchange. Sizes in bytes of body as it crossed the wire, chunk framing included; durations in ms. */
export interface AccessRecord {
  readonly requestId: string;
  /** Address of the peer. */
  readonly client: string;
  /** Whom the policies took the client for. */
  readonly subject?: string;
  readonly method: string;
  readonly host: string;
  /** The request target; its query is not logged. */
  readonly path: string;
  readonly protocol: "HTTP/1.1" | "HTTP/1.0";
  readonly route: string | null;
  readonly cluster: string | null;
  /** Address of the endpoint that answered, or that was tried last. */
  readonly upstream: string | null;
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly durationMs: number;
  /** From the first attempt to the response head; null when there was none. */
  readonly upstreamMs: number | null;
  readonly attempts: number;
  readonly error: ErrorCode | null;
  readonly detail?: string;
}

export interface AccessLog {
  write(record: AccessRecord): void;
}

/** Keeps a line within one atomic write to a pipe, whatever the client sent. */
const maxTextLength = 1024;

/**
 * One JSON line per exchange. Never blocks and never grows without bound: a reader that
 * stalls loses lines, which the output counts.
 */
export function createAccessLog(config: LogConfig, sink: LineSink = standardOutput()): AccessLog {
  const target = openPino({ ...config, level: "info" }, {}, sink);
  return {
    write(record) {
      target.info(loggable(record), "request");
    },
  };
}

function loggable(record: AccessRecord): object {
  return {
    ...record,
    method: clip(record.method),
    host: clip(record.host),
    path: clip(withoutQuery(record.path)),
    requestId: clip(record.requestId),
    ...(record.detail !== undefined && { detail: clip(record.detail) }),
  };
}

/** Queries carry tokens and personal data often enough (CWE-598) that a log must not hold them. */
function withoutQuery(target: string): string {
  const query = target.indexOf("?");
  return query === -1 ? target : target.slice(0, query);
}

function clip(text: string): string {
  return text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength)}…`;
}
