/** Where a message body ends (RFC 9112 section 6). */
import { Kind } from "./field-kind.ts";
import { type Head, wireError } from "./head.ts";

/** Content length when the body is chunked. */
export const CHUNKED = -1;
/** Content length when the body ends with the connection; responses only. */
export const UNTIL_CLOSE = -2;

/** More digits could pass `Number.MAX_SAFE_INTEGER`. */
const mostDigits = 15;

const framingFields = Kind.contentLength | Kind.transferEncoding;

/**
 * Length of a request body, or CHUNKED. A request is never delimited by close: without
 * either field it has no body (section 6.3, rule 7).
 *
 * @throws ProxyError content_length_malformed, transfer_encoding_unsupported, framing_ambiguous
 */
export function requestContentLength(head: Head): number {
  if ((head.kinds & framingFields) === 0) return 0;
  return declaredLength(head);
}

/**
 * Length of a response body, CHUNKED or UNTIL_CLOSE.
 *
 * @param method of the request it answers
 * @throws ProxyError content_length_malformed, transfer_encoding_unsupported, framing_ambiguous
 */
export function responseContentLength(head: Head, status: number, method: string): number {
  const declared = (head.kinds & framingFields) === 0 ? UNTIL_CLOSE : declaredLength(head);
  if (status < 200 || status === 204) {
    // RFC 9112 section 6.1: no Transfer-Encoding in 1xx and 204.
    if (declared === CHUNKED)
      throw wireError("framing_ambiguous", `Transfer-Encoding in a ${status} response`);
    return 0;
  }
  if (method === "HEAD" || status === 304) return 0;
  return declared;
}

function declaredLength(head: Head): number {
  const lengths = head.countOf(Kind.contentLength);
  const codings = head.countOf(Kind.transferEncoding);
  if (codings > 0) return codedLength(head, lengths, codings);
  if (lengths > 1) throw wireError("content_length_malformed", "Content-Length occurs more than once");
  return parseContentLength(head.marked(Kind.contentLength)!);
}

function codedLength(head: Head, lengths: number, codings: number): typeof CHUNKED {
  if (lengths > 0) throw wireError("framing_ambiguous", "Both Content-Length and Transfer-Encoding");
  if (head.minor === 0) throw wireError("framing_ambiguous", "Transfer-Encoding in HTTP/1.0");
  const value = head.marked(Kind.transferEncoding)!;
  // Some parsers, Node's among them, do not strip a tab behind the value and then see another coding.
  const hasTab = head.markedLine(Kind.transferEncoding).endsWith("\t");
  if (codings > 1 || hasTab || value.length !== 7 || value.toLowerCase() !== "chunked") {
    throw wireError("transfer_encoding_unsupported", "Transfer-Encoding is not a single chunked");
  }
  return CHUNKED;
}

function parseContentLength(value: string): number {
  if (value.length === 0 || value.length > mostDigits) throw malformedLength(value);
  // Legal, but there are parsers that read octal.
  if (value.length > 1 && value.charCodeAt(0) === 0x30) throw malformedLength(value);
  let length = 0;
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) throw malformedLength(value);
    length = length * 10 + digit;
  }
  return length;
}

function malformedLength(value: string): Error {
  return wireError(
    "content_length_malformed",
    `Cannot read Content-Length: found ${JSON.stringify(value.slice(0, 40))}`,
  );
}
