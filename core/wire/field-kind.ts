/**
 * The fields that a proxy must know. Everything else is copied unread. Each kind is a
 * bit, so that a forwarding rule can say in one mask which ones it cuts out.
 */
export const Kind = {
  other: 0,
  host: 1 << 0,
  contentLength: 1 << 1,
  transferEncoding: 1 << 2,
  connection: 1 << 3,
  /** Keep-Alive, Proxy-Connection, TE, HTTP2-Settings, Proxy-Authorization: for this hop only. */
  hop: 1 << 4,
  upgrade: 1 << 5,
  expect: 1 << 6,
  via: 1 << 7,
  forwarded: 1 << 8,
  xForwardedFor: 1 << 9,
  xForwardedHost: 1 << 10,
  xForwardedProto: 1 << 11,
  /** Other X-Forwarded-*, X-Real-IP. */
  xForwardedOther: 1 << 12,
  /** The same names with `_`, which CGI-like servers cannot tell from `-`. */
  lookAlike: 1 << 13,
  xRequestId: 1 << 14,
  date: 1 << 15,
  te: 1 << 16,
} as const;

/**
 * Kind of the field whose name stands at `start` and is `length` long.
 *
 * Runs for every field of every message: most names are ruled out by length and one
 * character.
 */
export function fieldKind(text: string, start: number, length: number): number {
  const first = text.charCodeAt(start) | 0x20;
  switch (length) {
    case 2:
      return first === 0x74 && equals(text, start, "te") ? Kind.te : Kind.other;
    case 3:
      return first === 0x76 && equals(text, start, "via") ? Kind.via : Kind.other;
    case 4:
      if (first === 0x68) return equals(text, start, "host") ? Kind.host : Kind.other;
      return first === 0x64 && equals(text, start, "date") ? Kind.date : Kind.other;
    case 5:
      // CGI-like servers take it for the variable that names their own proxy (CVE-2016-5385).
      return first === 0x70 && equals(text, start, "proxy") ? Kind.hop : Kind.other;
    case 6:
      return first === 0x65 && equals(text, start, "expect") ? Kind.expect : Kind.other;
    case 7:
      return first === 0x75 && equals(text, start, "upgrade") ? Kind.upgrade : Kind.other;
    case 9:
      if (first === 0x66) return equals(text, start, "forwarded") ? Kind.forwarded : Kind.other;
      return first === 0x78 ? realIpKind(text, start) : Kind.other;
    case 10:
      if (first === 0x63) return equals(text, start, "connection") ? Kind.connection : Kind.other;
      return first === 0x6b && equals(text, start, "keep-alive") ? Kind.hop : Kind.other;
    case 14:
      if (first === 0x63) return framingKind(text, start, "content-length", Kind.contentLength);
      if (first === 0x68) return equals(text, start, "http2-settings") ? Kind.hop : Kind.other;
      break;
    case 16:
      if (first === 0x70) return equals(text, start, "proxy-connection") ? Kind.hop : Kind.other;
      break;
    case 17:
      if (first === 0x74) return framingKind(text, start, "transfer-encoding", Kind.transferEncoding);
      break;
    case 19:
      if (first === 0x70) return equals(text, start, "proxy-authorization") ? Kind.hop : Kind.other;
      break;
  }
  return first === 0x78 && length >= 11 ? extensionKind(text, start, length) : Kind.other;
}

function framingKind(text: string, start: number, name: string, kind: number): number {
  if (equals(text, start, name)) return kind;
  return dashed(text, start, name.length) === name ? Kind.lookAlike : Kind.other;
}

function realIpKind(text: string, start: number): number {
  if (equals(text, start, "x-real-ip")) return Kind.xForwardedOther;
  return dashed(text, start, 9) === "x-real-ip" ? Kind.lookAlike : Kind.other;
}

function extensionKind(text: string, start: number, length: number): number {
  const second = text.charCodeAt(start + 1);
  if (second !== 0x2d && second !== 0x5f) return Kind.other;
  const third = text.charCodeAt(start + 2) | 0x20;
  if (third !== 0x66 && third !== 0x72) return Kind.other;
  const name = dashed(text, start, length);
  const isLookAlike = text.slice(start, start + length).includes("_");
  if (name === "x-request-id") return isLookAlike ? Kind.lookAlike : Kind.xRequestId;
  if (!name.startsWith("x-forwarded")) return Kind.other;
  if (isLookAlike) return Kind.lookAlike;
  if (name === "x-forwarded-for") return Kind.xForwardedFor;
  if (name === "x-forwarded-host") return Kind.xForwardedHost;
  return name === "x-forwarded-proto" ? Kind.xForwardedProto : Kind.xForwardedOther;
}

function dashed(text: string, start: number, length: number): string {
  return text
    .slice(start, start + length)
    .toLowerCase()
    .replaceAll("_", "-");
}

/** Whether `name` (lower case) stands at `start`, in any case. Sound for tokens only. */
function equals(text: string, start: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    if ((text.charCodeAt(start + i) | 0x20) !== name.charCodeAt(i)) return false;
  }
  return true;
}
