/** Request heads (RFC 9112 section 3). */
import type { Limits } from "../config/model.ts";
import { isToken, SP } from "./characters.ts";
import { connectionOptions } from "./connection-options.ts";
import { Kind } from "./field-kind.ts";
import { requestContentLength } from "./framing.ts";
import { Head, markFields, wireError } from "./head.ts";
import { parseAuthority, parseTarget, type Target } from "./target.ts";

const longestMethod = 32;

export class RequestHead extends Head {
  readonly method: string;
  /** As it came. */
  readonly target: string;
  /** Canonical path; see target.ts. */
  readonly path: string;
  /** From `?` on, or empty. */
  readonly query: string;
  /** Lower case, with the port if the client named one; empty for an HTTP/1.0 request without Host. */
  readonly authority: string;
  /** Whether `authority` comes from the target and Host must be written anew. */
  readonly authorityFromTarget: boolean;
  /** Bytes of the body; 0 without one; -1 when chunked. */
  readonly contentLength: number;
  /** Options of Connection, as bits of `ConnectionOption`. */
  readonly connection: number;

  constructor(
    raw: string,
    start: number,
    lineEnd: number,
    fieldsEnd: number,
    minor: 0 | 1,
    methodEnd: number,
  ) {
    super(raw, start, lineEnd + 2, fieldsEnd, minor);
    markFields(this);
    this.method = internMethod(raw, start, methodEnd);
    this.target = raw.slice(methodEnd + 1, lineEnd - versionLength - 1);
    const target = readTarget(this.method, this.target);
    this.path = target.path;
    this.query = target.query;
    const host = readHost(this);
    this.authority = target.authority ?? host;
    this.authorityFromTarget = target.authority !== null;
    this.contentLength = requestContentLength(this);
    this.connection = connectionOptions(this);
  }

  /** Whether the request line goes on as it came. */
  get isVerbatim(): boolean {
    const { path, query, target } = this;
    const isCanonical = path.length + query.length === target.length && !path.includes("%");
    return isCanonical && this.minor === 1 && !this.authorityFromTarget;
  }

  get hasBody(): boolean {
    return this.contentLength !== 0;
  }
}

const versionLength = "HTTP/1.1".length;

/**
 * Parses the head in `raw` from `start` to the CRLF of its empty line at `fieldsEnd`.
 *
 * @throws ProxyError with a code of the parse group
 */
export function parseRequestHead(raw: string, start: number, fieldsEnd: number, limits: Limits): RequestHead {
  const lineEnd = raw.indexOf("\r\n", start);
  if (lineEnd - start > limits.startLine) throw wireError("start_line_too_long", "Request line is too long");
  const methodEnd = endOfMethod(raw, start);
  const versionStart = lineEnd - versionLength;
  const minor = readVersion(raw, versionStart, methodEnd, lineEnd);
  const head = new RequestHead(raw, start, lineEnd, fieldsEnd, minor, methodEnd);
  if (head.fieldCount > limits.fields) throw wireError("fields_too_many", "Head has too many fields");
  return head;
}

function endOfMethod(raw: string, start: number): number {
  let at = start;
  while (isToken[raw.charCodeAt(at)] === 1) at++;
  const length = at - start;
  if (length === 0 || length > longestMethod || raw.charCodeAt(at) !== SP) {
    throw wireError("start_line_malformed", "Cannot read request line: no method");
  }
  return at;
}

function readVersion(raw: string, start: number, methodEnd: number, lineEnd: number): 0 | 1 {
  const fits = start - 1 > methodEnd && raw.charCodeAt(start - 1) === SP;
  if (fits && raw.startsWith("HTTP/1.", start)) {
    const minor = raw.charCodeAt(start + 7);
    if (minor === 0x31) return 1;
    if (minor === 0x30) return 0;
  }
  const line = raw.slice(methodEnd, lineEnd);
  if (/^ [^ ]+ HTTP\/\d\.\d$/.test(line))
    throw wireError("version_unsupported", "HTTP version is not 1.0 or 1.1");
  throw wireError("start_line_malformed", "Cannot read request line: not three parts");
}

function readTarget(method: string, target: string): Target {
  if (target.includes(" "))
    throw wireError("start_line_malformed", "Cannot read request line: too many parts");
  return parseTarget(method, target);
}

function readHost(head: Head): string {
  const count = head.countOf(Kind.host);
  if (count === 0 && head.minor === 0) return "";
  if (count !== 1) throw wireError("host_malformed", `Cannot read Host: found ${count} of it`);
  return parseAuthority(head.marked(Kind.host)!, "host_malformed");
}

/** The usual methods as shared strings, so that comparing them is comparing pointers. */
function internMethod(raw: string, start: number, end: number): string {
  const method = raw.slice(start, end);
  switch (method) {
    case "GET":
      return "GET";
    case "HEAD":
      return "HEAD";
    case "POST":
      return "POST";
    default:
      return method;
  }
}
