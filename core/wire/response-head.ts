/** Response heads (RFC 9112 section 4). */
import type { Limits } from "../config/model.ts";
import { isFieldValue, SP } from "./characters.ts";
import { connectionOptions } from "./connection-options.ts";
import { Kind } from "./field-kind.ts";
import { responseContentLength } from "./framing.ts";
import { Head, markFields, wireError } from "./head.ts";

export class ResponseHead extends Head {
  readonly status: number;
  /** Where in `raw` the reason phrase begins. */
  readonly reasonStart: number;
  /** Bytes of the body; 0 without one; -1 when chunked; -2 until close. */
  readonly contentLength: number;
  /** Options of Connection, as bits of `ConnectionOption`. */
  readonly connection: number;

  constructor(
    raw: string,
    start: number,
    lineEnd: number,
    fieldsEnd: number,
    minor: 0 | 1,
    status: number,
    method: string,
  ) {
    super(raw, start, lineEnd + 2, fieldsEnd, minor);
    markFields(this);
    this.status = status;
    this.reasonStart = Math.min(start + statusLength + 1, lineEnd);
    this.contentLength = responseContentLength(this, status, method);
    this.connection = connectionOptions(this);
  }

  get reason(): string {
    return this.raw.slice(this.reasonStart, this.fieldsStart - 2);
  }

  /** X-Request-Id, when the endpoint sent it back. */
  get echoedRequestId(): string | null {
    return this.marked(Kind.xRequestId);
  }

  /** 1xx: another head follows. */
  get isInterim(): boolean {
    return this.status < 200;
  }
}

const statusLength = "HTTP/1.1 200".length;

/**
 * Parses the head in `raw` from `start` to the CRLF of its empty line at `fieldsEnd`.
 *
 * @param method of the request it answers
 * @throws ProxyError with a code of the parse group
 */
export function parseResponseHead(
  raw: string,
  start: number,
  fieldsEnd: number,
  limits: Limits,
  method: string,
): ResponseHead {
  const lineEnd = raw.indexOf("\r\n", start);
  if (lineEnd - start > limits.startLine) throw wireError("start_line_too_long", "Status line is too long");
  const minor = readVersion(raw, start);
  const status = readStatus(raw, start + 9, lineEnd);
  assertReason(raw, start + statusLength, lineEnd);
  const head = new ResponseHead(raw, start, lineEnd, fieldsEnd, minor, status, method);
  if (head.fieldCount > limits.fields) throw wireError("fields_too_many", "Head has too many fields");
  return head;
}

function readVersion(raw: string, start: number): 0 | 1 {
  if (raw.startsWith("HTTP/1.1 ", start)) return 1;
  if (raw.startsWith("HTTP/1.0 ", start)) return 0;
  if (/^HTTP\/\d\.\d /.test(raw.slice(start, start + 9))) {
    throw wireError("version_unsupported", "HTTP version is not 1.0 or 1.1");
  }
  throw wireError("start_line_malformed", "Cannot read status line: no version");
}

function readStatus(raw: string, start: number, lineEnd: number): number {
  let status = 0;
  for (let i = start; i < start + 3; i++) {
    const digit = i < lineEnd ? raw.charCodeAt(i) - 0x30 : -1;
    if (digit < 0 || digit > 9) throw wireError("status_malformed", "Cannot read status: not three digits");
    status = status * 10 + digit;
  }
  // RFC 9110 section 15: nothing but 100 to 599 is valid.
  if (status < 100 || status > 599)
    throw wireError("status_malformed", `Cannot read status: found ${status}`);
  return status;
}

/** The reason may be missing, and with it the space before it: many servers forget it. */
function assertReason(raw: string, start: number, lineEnd: number): void {
  if (start === lineEnd) return;
  if (raw.charCodeAt(start) !== SP)
    throw wireError("status_malformed", "Cannot read status: not three digits");
  for (let i = start + 1; i < lineEnd; i++) {
    if (isFieldValue[raw.charCodeAt(i)] !== 1)
      throw wireError("start_line_malformed", "Cannot read reason phrase: control byte");
  }
}
