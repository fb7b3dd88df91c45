/**
 * What a head looks like on the other side of the proxy (RFC 9110 section 7.6). Runs of
 * fields that nobody touches are copied as they came; fields for this hop are cut out; the
 * proxy's own are added at the end.
 */
import { ConnectionOption, namedForThisHop } from "./connection-options.ts";
import { fieldKind, Kind } from "./field-kind.ts";
import { CHUNKED, UNTIL_CLOSE } from "./framing.ts";
import { type Head, listMembers, scanFields } from "./head.ts";
import type { RequestHead } from "./request-head.ts";
import type { ResponseHead } from "./response-head.ts";

export interface ClientFacts {
  /** Address, or `unknown` for a Unix socket. */
  readonly address: string;
  readonly scheme: "http" | "https";
  /** Whether its X-Forwarded-*, Forwarded and X-Request-Id are believed. */
  readonly trusted: boolean;
  /** Name of this proxy in Via. */
  readonly via: string;
  /** Whether to write Forwarded (RFC 7239) too. */
  readonly forwarded: boolean;
}

/** What the proxy knows of a client, made once per connection, with the text that each of its requests gets. */
export class ClientSide {
  readonly address: string;
  readonly scheme: "http" | "https";
  readonly trusted: boolean;
  readonly via: string;
  readonly forwarded: boolean;
  /** X-Forwarded-For and X-Forwarded-Proto. */
  readonly origin: string;
  /** Via of a message that came as HTTP/1.1. */
  readonly viaField: string;

  constructor({ address, scheme, trusted, via, forwarded }: ClientFacts) {
    this.address = address;
    this.scheme = scheme;
    this.trusted = trusted;
    this.via = via;
    this.forwarded = forwarded;
    this.origin = `X-Forwarded-For: ${address}\r\nX-Forwarded-Proto: ${scheme}\r\n`;
    this.viaField = `Via: 1.1 ${via}\r\n`;
  }

  /** Via of a message that came as HTTP/1.`minor`. */
  viaFor(minor: 0 | 1): string {
    return minor === 1 ? this.viaField : `Via: 1.0 ${this.via}\r\n`;
  }
}

export interface RequestRewrite {
  /** Written instead of the client's Host; null keeps it. */
  readonly host: string | null;
  /** Written instead of the path, canonical; null keeps it. */
  readonly path: string | null;
  readonly requestId: string;
  /** Token of the Upgrade to ask for, or null. */
  readonly upgrade: string | null;
}

const hopByHop = Kind.connection | Kind.hop | Kind.te | Kind.upgrade;
const always = hopByHop | Kind.lookAlike | Kind.xRequestId | Kind.xForwardedFor;
const fromStranger =
  always | Kind.forwarded | Kind.xForwardedHost | Kind.xForwardedProto | Kind.xForwardedOther;

/** Head to send upstream, with its empty line. */
export function forwardRequest(head: RequestHead, client: ClientSide, rewrite: RequestRewrite): string {
  const cut = cutFrom(head, client);
  const received =
    rewrite.host === null && rewrite.path === null && head.isVerbatim
      ? withoutHopFields(head, cut, head.start)
      : rewritten(head, cut, rewrite);
  return received + proxyFields(head, client, rewrite);
}

/** Kinds of fields that do not go on as they came. */
function cutFrom(head: RequestHead, client: ClientSide): number {
  let cut = client.trusted ? always : fromStranger;
  // RFC 9110 section 10.1.1: the expectation of an HTTP/1.0 client is to be ignored; as HTTP/1.1 it would not be.
  if (head.minor === 0) cut |= Kind.expect;
  return client.forwarded ? cut | Kind.forwarded : cut;
}

/** What the proxy adds to every request, with the empty line. */
function proxyFields(head: RequestHead, client: ClientSide, rewrite: RequestRewrite): string {
  const out = `${forwardingFields(head, client)}X-Request-Id: ${rewrite.requestId}\r\n${client.viaFor(head.minor)}`;
  if (rewrite.upgrade !== null) return `${out}Connection: upgrade\r\nUpgrade: ${rewrite.upgrade}\r\n\r\n`;
  return acceptsTrailers(head) ? `${out}Connection: TE\r\nTE: trailers\r\n\r\n` : `${out}\r\n`;
}

const framing = Kind.contentLength | Kind.transferEncoding;

/** The lines of a request that policies may change: without what frames it, names its target or is for this hop. */
export function editableRequestFields(head: RequestHead, client: ClientSide): string {
  const cut = cutFrom(head, client) | framing | Kind.host | Kind.expect;
  return withoutHopFields(head, cut, head.fieldsStart);
}

/** A request as policies left it. */
export interface EditedRequest {
  readonly method: string;
  readonly authority: string;
  readonly path: string;
  readonly query: string;
  /** Well-formed lines. */
  readonly fields: string;
}

/**
 * Like `forwardRequest`, of a request that policies have seen.
 *
 * @param framing the line that tells where its body ends
 */
export function forwardEditedRequest(
  head: RequestHead,
  edited: EditedRequest,
  framing: string,
  client: ClientSide,
  rewrite: RequestRewrite,
): string {
  const authority = rewrite.host ?? edited.authority;
  const host = authority === "" ? "" : `Host: ${authority}\r\n`;
  const startLine = `${edited.method} ${edited.path}${edited.query} HTTP/1.1\r\n`;
  return `${startLine}${host}${framing}${edited.fields}${proxyFields(head, client, rewrite)}`;
}

/**
 * How the body of a request is framed when it goes on as it came.
 *
 * @param expects whether the client still waits for the endpoint's 100
 */
export function requestFraming(head: RequestHead, expects: boolean): string {
  const expectation = expects ? "Expect: 100-continue\r\n" : "";
  if (head.contentLength === CHUNKED) return `Transfer-Encoding: chunked\r\n${expectation}`;
  if ((head.kinds & Kind.contentLength) === 0) return "";
  return `Content-Length: ${head.contentLength}\r\n${expectation}`;
}

/** The start line and fields of a head whose start line or Host changes. */
function rewritten(head: RequestHead, cut: number, { host, path }: RequestRewrite): string {
  const startLine = `${head.method} ${path ?? head.path}${head.query} HTTP/1.1\r\n`;
  const authority = host ?? (head.authorityFromTarget ? head.authority : null);
  if (authority === null) return startLine + withoutHopFields(head, cut, head.fieldsStart);
  return `${startLine}Host: ${authority}\r\n${withoutHopFields(head, cut | Kind.host, head.fieldsStart)}`;
}

function forwardingFields(head: RequestHead, client: ClientSide): string {
  if (!client.trusted) {
    const fields = client.origin + forwardedHost(head);
    return client.forwarded ? `${fields}Forwarded: ${forwardedElement(head, client)}\r\n` : fields;
  }
  const hops = head.markedAll(Kind.xForwardedFor);
  let fields = `X-Forwarded-For: ${hops === null ? "" : `${hops}, `}${client.address}\r\n`;
  if ((head.kinds & Kind.xForwardedProto) === 0) fields += `X-Forwarded-Proto: ${client.scheme}\r\n`;
  if ((head.kinds & Kind.xForwardedHost) === 0) fields += forwardedHost(head);
  if (!client.forwarded) return fields;
  const elements = head.markedAll(Kind.forwarded);
  return `${fields}Forwarded: ${elements === null ? "" : `${elements}, `}${forwardedElement(head, client)}\r\n`;
}

function forwardedHost(head: RequestHead): string {
  return head.authority === "" ? "" : `X-Forwarded-Host: ${head.authority}\r\n`;
}

/** RFC 7239 section 4; an IPv6 address is quoted and in brackets (section 6). */
function forwardedElement(head: RequestHead, client: ClientSide): string {
  const node = client.address.includes(":") ? `"[${client.address}]"` : client.address;
  const host = head.authority === "" ? "" : `host="${head.authority}";`;
  return `for=${node};${host}proto=${client.scheme}`;
}

function acceptsTrailers(head: RequestHead): boolean {
  if ((head.kinds & Kind.te) === 0) return false;
  return listMembers(head.markedAll(Kind.te)!.toLowerCase()).includes("trailers");
}

/** Whether a request names this proxy in Via: it passed here before (RFC 9110 section 7.6.3). */
export function passedHere(head: RequestHead, via: string): boolean {
  const hops = head.markedAll(Kind.via);
  if (hops === null) return false;
  return listMembers(hops).some((hop) => hop.split(/[ \t]+/)[1] === via);
}

/**
 * Token of the Upgrade that the client asks for, if it may become a tunnel: GET without a
 * body, HTTP/1.1, named in Connection, one of `allowed`. Others are dropped like any
 * hop-by-hop field, so that no `h2c` reaches an endpoint past the proxy's rules.
 */
export function requestedUpgrade(head: RequestHead, allowed: readonly string[]): string | null {
  if ((head.kinds & Kind.upgrade) === 0 || (head.connection & ConnectionOption.upgrade) === 0) return null;
  if (head.minor === 0 || head.method !== "GET" || head.hasBody) return null;
  const token = head.markedAll(Kind.upgrade)!;
  return allowed.includes(token.toLowerCase()) ? token : null;
}

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
  /** Value for Date when the endpoint sent none (RFC 9110 section 6.6.1). */
  readonly date: string;
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
  if ((head.kinds & Kind.date) === 0) out += `Date: ${rewrite.date}\r\n`;
  if (rewrite.delimiting === "chunked") out += "Transfer-Encoding: chunked\r\n";
  if (rewrite.connection !== "") out += `Connection: ${rewrite.connection}\r\n`;
  return `${out}${rewrite.added}${rewrite.client.viaFor(head.minor)}\r\n`;
}

/** The lines of a response that policies may change. */
export function editableResponseFields(head: ResponseHead): string {
  return withoutHopFields(head, hopByHop | framing, head.fieldsStart);
}

/** A response as policies left it, or as they made it. */
export interface EditedResponse {
  readonly status: number;
  readonly reason: string;
  /** Well-formed lines. */
  readonly fields: string;
  /** What tells the client where the body ends: Content-Length, Transfer-Encoding, or nothing. */
  readonly framing: string;
  readonly connection: "" | "close" | "keep-alive";
  /** Via, when the response came from an endpoint. */
  readonly via: string;
  readonly date: string;
  /** Lines that the proxy adds. */
  readonly added: string;
}

/** Head to send to the client, with its empty line. */
export function writeResponse(response: EditedResponse): string {
  const { status, reason, fields, connection, via } = response;
  let out = `HTTP/1.1 ${status} ${reason}\r\n${fields}${response.framing}`;
  if (!hasDate(fields)) out += `Date: ${response.date}\r\n`;
  if (connection !== "") out += `Connection: ${connection}\r\n`;
  return `${out}${response.added}${via}\r\n`;
}

/** The usual spellings first: looking for them is cheap. */
function hasDate(fields: string): boolean {
  if (fields.startsWith("Date:") || fields.includes("\nDate:")) return true;
  return /^date:/im.test(fields);
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

function withoutHopFields(head: RequestHead | ResponseHead, cut: number, from: number): string {
  if ((head.connection & ConnectionOption.named) === 0) return head.withoutKinds(cut, from);
  return withoutNamedFields(head, cut, from);
}

/**
 * Also cuts what Connection names. It cannot name away a field that the proxy knows: one
 * that frames the message or that it sets itself [CVE-2024-45410].
 */
function withoutNamedFields(head: Head, cut: number, from: number): string {
  const { raw } = head;
  const named = namedForThisHop(head);
  let out = raw.slice(from, head.fieldsStart);
  scanFields(raw, head.fieldsStart, head.fieldsEnd, (start, nameEnd, _valueStart, _valueEnd, end) => {
    const kind = fieldKind(raw, start, nameEnd - start);
    const isCut =
      kind === Kind.other ? named.has(raw.slice(start, nameEnd).toLowerCase()) : (kind & cut) !== 0;
    if (!isCut) out += raw.slice(start, end);
  });
  return out;
}
