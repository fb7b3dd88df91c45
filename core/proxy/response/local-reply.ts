/** Responses that the proxy makes itself: problem details (RFC 9457) with Proxy-Status (RFC 9209). */
import type { ProxyError } from "../../errors.ts";
import { reasonPhrase } from "../../wire/reason-phrase.ts";
import { httpDate } from "./http-date.ts";

export interface FailureContext {
  /** Name of this proxy, as in Via. */
  readonly proxy: string;
  readonly requestId: string | null;
  /** Value of Allow, for a 405 (RFC 9110 section 15.5.6). */
  readonly allow: string | null;
  /** Value of Retry-After, in seconds. */
  readonly retryAfter?: number;
}

export interface ReplyContext extends FailureContext {
  /** A reply to HEAD has no body. */
  readonly isHead: boolean;
  readonly connection: "" | "close" | "keep-alive";
}

/** What a client is told of an error. */
export interface FailureMessage {
  /** Field lines, without those that frame the message. */
  readonly fields: string;
  /** ASCII. */
  readonly body: string;
}

/** The page holds texts of plugins and requests: whatever is in them, nothing of it runs. */
const pageFields = [
  "Content-Type: text/html; charset=utf-8",
  "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  "X-Content-Type-Options: nosniff",
];

/**
 * What tells a client of an error.
 *
 * @param page HTML in ASCII, in the place of problem details
 */
export function failureMessage(
  error: ProxyError,
  context: FailureContext,
  page: string | null = null,
): FailureMessage {
  const fields = [
    ...(page === null ? ["Content-Type: application/problem+json"] : pageFields),
    "Cache-Control: no-store",
    `Proxy-Status: ${context.proxy}; error=${error.proxyStatus}; details="${error.code}"`,
  ];
  if (context.requestId !== null) fields.push(`X-Request-Id: ${context.requestId}`);
  if (context.allow !== null) fields.push(`Allow: ${context.allow}`);
  if (context.retryAfter !== undefined) fields.push(`Retry-After: ${context.retryAfter}`);
  return {
    fields: `${fields.join("\r\n")}\r\n`,
    body: page ?? `${JSON.stringify(problem(error, context.requestId))}\n`,
  };
}

/** The reply that tells a client of an error, ready to be written. */
export function errorReply(error: ProxyError, context: ReplyContext, page: string | null = null): string {
  const { fields, body } = failureMessage(error, context, page);
  const start = `HTTP/1.1 ${error.status} ${reasonPhrase(error.status)}\r\nDate: ${httpDate()}\r\n`;
  const connection = context.connection === "" ? "" : `Connection: ${context.connection}\r\n`;
  return `${start}${fields}Content-Length: ${body.length}\r\n${connection}\r\n${context.isHead ? "" : body}`;
}

function problem(error: ProxyError, requestId: string | null): object {
  return {
    type: "about:blank",
    title: error.title,
    status: error.status,
    // What went wrong on the other side is for the log, not for the client.
    ...(error.source === "downstream" && { detail: ascii(error.message) }),
    code: error.code,
    ...(requestId !== null && { requestId }),
  };
}

/** Content-Length counts bytes; a detail may quote what the client sent. */
function ascii(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?");
}
