/**
 * What the head of a request looks like on the other side of the proxy (RFC 9110 section 7.6): fields for this hop are
 * cut out; the proxy's own are added at the end.
 */
import { ConnectionOption } from "../connection-options.ts";
import { Kind } from "../field-kind.ts";
import { CHUNKED } from "../framing.ts";
import { listMembers } from "../head.ts";
import type { RequestHead } from "../request-head.ts";
import type { ClientSide } from "./client-side.ts";
import { framingKinds, hopByHop, withoutHopFields } from "./hop-fields.ts";

export interface RequestRewrite {
  /** Written instead of the client's Host; null keeps it. */
  readonly host: string | null;
  /** Written instead of the path, canonical; null keeps it. */
  readonly path: string | null;
  readonly requestId: string;
  /** Token of the Upgrade to ask for, or null. */
  readonly upgrade: string | null;
}

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

/** The lines of a request that policies may change: without what frames it, names its target or is for this hop. */
export function editableRequestFields(head: RequestHead, client: ClientSide): string {
  const cut = cutFrom(head, client) | framingKinds | Kind.host | Kind.expect;
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
