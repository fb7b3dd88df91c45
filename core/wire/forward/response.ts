/**
 * What the head of a response looks like on the other side of the proxy (RFC 9110 section 7.6): fields for this hop are
 * cut out; what tells the client where the body ends, and the proxy's own, are added at the end.
 */
import { COLON } from "../characters.ts";
import { fieldKind, Kind } from "../field-kind.ts";
import { UNTIL_CLOSE } from "../framing.ts";
import type { ResponseHead } from "../response-head.ts";
import type { ClientSide } from "./client-side.ts";
import { framingKinds, hopByHop, withoutHopFields } from "./hop-fields.ts";

/** How the response will be delimited for the client. */
export type Delimiting = "as-received" | "chunked" | "close";

/** RFC 9112 section 6.3: what the client can tell the end of the body by. */
export function delimitingFor(head: ResponseHead, clientMinor: 0 | 1): Delimiting {
  if (head.contentLength === UNTIL_CLOSE) return clientMinor === 1 ? "chunked" : "close";
  return clientMinor === 0 && (head.kinds & Kind.transferEncoding) !== 0 ? "close" : "as-received";
}

export interface ResponseRewrite {
  readonly delimiting: Delimiting;
  /** What Connection says: nothing, `close`, or `keep-alive` for an HTTP/1.0 client. */
  readonly connection: "" | "close" | "keep-alive";
  readonly client: ClientSide;
  /** Makes the value for Date when the endpoint sent none (RFC 9110 section 6.6.1). */
  readonly date: () => string;
  /** Lines that the proxy adds. */
  readonly added: string;
}

/** Head to send to the client, with its empty line. */
export function forwardResponse(head: ResponseHead, rewrite: ResponseRewrite): string {
  let cut = hopByHop;
  if (rewrite.delimiting === "close") cut |= Kind.transferEncoding;
  // RFC 9110 section 8.6: no Content-Length in 204.
  if (head.status === 204) cut |= Kind.contentLength;
  const complete = head.minor === 1 && head.fieldsStart - 2 > head.reasonStart;
  let out = complete
    ? withoutHopFields(head, cut, head.start)
    : statusLine(head) + withoutHopFields(head, cut, head.fieldsStart);
  if ((head.kinds & Kind.date) === 0) out += `Date: ${rewrite.date()}\r\n`;
  if (rewrite.delimiting === "chunked") out += "Transfer-Encoding: chunked\r\n";
  if (rewrite.connection !== "") out += `Connection: ${rewrite.connection}\r\n`;
  return `${out}${rewrite.added}${rewrite.client.viaFor(head.minor)}\r\n`;
}

/** The lines of a response that policies may change. */
export function editableResponseFields(head: ResponseHead): string {
  return withoutHopFields(head, hopByHop | framingKinds, head.fieldsStart);
}

/** A response as policies left it, or as they made it. */
export interface EditedResponse {
  readonly status: number;
  readonly reason: string;
  /** Well-formed lines. */
  readonly fields: string;
  /** Whether one of them is Date. */
  readonly isDated: boolean;
  /** What tells the client where the body ends: Content-Length, Transfer-Encoding, or nothing. */
  readonly framing: string;
  readonly connection: "" | "close" | "keep-alive";
  /** Via, when the response came from an endpoint. */
  readonly via: string;
  readonly date: () => string;
  /** Lines that the proxy adds. */
  readonly added: string;
}

/** Head to send to the client, with its empty line. */
export function writeResponse(response: EditedResponse): string {
  const { status, reason, fields, connection, via } = response;
  let out = `HTTP/1.1 ${status} ${reason}\r\n${fields}${response.framing}`;
  if (!response.isDated) out += `Date: ${response.date()}\r\n`;
  if (connection !== "") out += `Connection: ${connection}\r\n`;
  return `${out}${response.added}${via}\r\n`;
}

/** Whether there is a Date among lines. They are passed over by their ends: an expression that looks for it takes longer. */
export function hasDate(fields: string): boolean {
  for (let at = 0; at < fields.length; at = fields.indexOf("\n", at) + 1 || fields.length) {
    if (fields.charCodeAt(at + 4) === COLON && fieldKind(fields, at, 4) === Kind.date) return true;
  }
  return false;
}

/** Content-Length as the endpoint sent it: the answer to HEAD, and 304, have one without a body. */
export function receivedContentLength(head: ResponseHead): string {
  const value = head.status === 204 ? null : head.marked(Kind.contentLength);
  return value === null ? "" : `Content-Length: ${value}\r\n`;
}

/** What Content-Length tells, also of a body that does not come; negative where it tells nothing. */
export function toldLength(head: ResponseHead): number {
  if (head.contentLength !== 0) return head.contentLength;
  const value = head.status === 204 ? null : head.marked(Kind.contentLength);
  return value === null ? -1 : Number(value);
}

/** An interim response (RFC 9110 section 15.2) on its way to the client. */
export function forwardInterim(head: ResponseHead): string {
  return `${statusLine(head)}${withoutHopFields(head, hopByHop | Kind.contentLength, head.fieldsStart)}\r\n`;
}

/** The 101 that turns the connection into a tunnel. */
export function forwardSwitch(head: ResponseHead, upgrade: string, via: string): string {
  const fields = withoutHopFields(head, hopByHop | Kind.contentLength, head.fieldsStart);
  const accepted = head.marked(Kind.upgrade) ?? upgrade;
  return `${statusLine(head)}${fields}Connection: upgrade\r\nUpgrade: ${accepted}\r\nVia: 1.1 ${via}\r\n\r\n`;
}

function statusLine(head: ResponseHead): string {
  return `HTTP/1.1 ${head.status} ${head.reason}\r\n`;
}
