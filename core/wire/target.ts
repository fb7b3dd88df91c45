/**
 * Request targets (RFC 9112 section 3.2) and the one canonical path that matching,
 * policies and forwarding share.
 */
import { isIPv4, isIPv6 } from "node:net";
import { ProxyError } from "../errors.ts";
import { COLON, hexValue, isHostName, isTarget, isUnreserved } from "./characters.ts";

const DOT = 0x2e;

export interface Target {
  /** Canonical path, or `*`, or empty for authority-form. */
  readonly path: string;
  /** From `?` on, as it came; empty when there is none. */
  readonly query: string;
  /** Lower case, of an absolute-form or authority-form target; null when the target has none. */
  readonly authority: string | null;
}

/** @throws ProxyError target_malformed */
export function parseTarget(method: string, target: string): Target {
  assertTargetBytes(target);
  // RFC 9112 section 3.2.3: authority-form is for CONNECT, and CONNECT has no other.
  if (method === "CONNECT") {
    return { path: "", query: "", authority: parseAuthority(target, "target_malformed") };
  }
  if (target.charCodeAt(0) === 0x2f) return splitOriginForm(target, null);
  if (target === "*") {
    if (method !== "OPTIONS") throw malformed("* is for OPTIONS only");
    return { path: "*", query: "", authority: null };
  }
  return parseAbsoluteForm(method, target);
}

function assertTargetBytes(target: string): void {
  for (let i = 0; i < target.length; i++) {
    if (isTarget[target.charCodeAt(i)] !== 1) throw malformed(`illegal byte at offset ${i}`);
  }
}

const absoluteForm = /^https?:\/\/([^/?]*)(.*)$/i;

function parseAbsoluteForm(method: string, target: string): Target {
  const parts = absoluteForm.exec(target);
  if (parts === null) throw malformed("neither a path nor an http URL");
  const authority = parseAuthority(parts[1]!, "target_malformed");
  const rest = parts[2]!;
  // RFC 9112 section 3.2.4: OPTIONS without path and query stands for the server itself.
  if (rest === "" && method === "OPTIONS") return { path: "*", query: "", authority };
  return splitOriginForm(rest.startsWith("/") ? rest : `/${rest}`, authority);
}

function splitOriginForm(target: string, authority: string | null): Target {
  const mark = target.indexOf("?");
  if (mark < 0) return { path: canonicalPath(target), query: "", authority };
  return { path: canonicalPath(target.slice(0, mark)), query: target.slice(mark), authority };
}

/**
 * RFC 3986 section 6.2.2: escapes in upper case, escapes of unreserved characters
 * decoded, dot segments resolved. `%2F` and `%5C` stay escaped and are data, not
 * separators; `//` and `;` are kept. So no later reader sees another path than the one
 * that was matched.
 *
 * @throws ProxyError target_malformed for a broken escape, `%00`, or a path that climbs above its root
 */
export function canonicalPath(path: string): string {
  if (!path.includes("%") && !path.includes("/.")) return path;
  const decoded = path.includes("%") ? normalizeEscapes(path) : path;
  return decoded.includes("/.") ? resolveDotSegments(decoded) : decoded;
}

function normalizeEscapes(path: string): string {
  let out = "";
  let copied = 0;
  for (let i = path.indexOf("%"); i >= 0; i = path.indexOf("%", i + 3)) {
    const high = i + 2 < path.length ? hexValue[path.charCodeAt(i + 1)]! : 255;
    const low = i + 2 < path.length ? hexValue[path.charCodeAt(i + 2)]! : 255;
    if (high === 255 || low === 255) throw malformed(`broken escape at offset ${i}`);
    const code = high * 16 + low;
    if (code === 0) throw malformed("%00");
    const escaped = path.slice(i, i + 3).toUpperCase();
    out += path.slice(copied, i) + (isUnreserved[code] === 1 ? String.fromCharCode(code) : escaped);
    copied = i + 3;
  }
  return out + path.slice(copied);
}

function resolveDotSegments(path: string): string {
  const resolved: string[] = [];
  const segments = path.split("/").slice(1);
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (segment === "..") {
      if (resolved.pop() === undefined) throw malformed("path climbs above its root");
      if (last) resolved.push("");
    } else if (segment === ".") {
      if (last) resolved.push("");
    } else {
      resolved.push(segment);
    }
  }
  return `/${resolved.join("/")}`;
}

/**
 * Checks `host [ ":" port ]` (RFC 9110 section 7.2). Returned in lower case, without a final
 * dot and without an empty port, so that one host has one name.
 *
 * @throws ProxyError with the given code
 */
export function parseAuthority(text: string, code: "host_malformed" | "target_malformed"): string {
  // Most requests name the host that the one before named.
  if (text === lastText) return lastAuthority;
  lastAuthority = readAuthority(text, code);
  lastText = text;
  return lastAuthority;
}

let lastText = "";
let lastAuthority = "";

function readAuthority(text: string, code: "host_malformed" | "target_malformed"): string {
  const hostEnd = text.charCodeAt(0) === 0x5b ? endOfIpLiteral(text) : endOfHostName(text);
  if (hostEnd <= 0 || !isPort(text, hostEnd)) {
    throw new ProxyError(code, `Cannot read authority: found ${JSON.stringify(text.slice(0, 80))}`, {
      source: "downstream",
    });
  }
  const host = text.charCodeAt(hostEnd - 1) === DOT ? text.slice(0, hostEnd - 1) : text.slice(0, hostEnd);
  const port = text.length > hostEnd + 1 ? text.slice(hostEnd) : "";
  return (host + port).toLowerCase();
}

/**
 * Labels of letters, digits, `-` and `_`, none of them empty: stricter than RFC 3986, as DNS is. What no URL may have is refused,
 * too (https://url.spec.whatwg.org/#concept-host-parser), since policies read it by `new URL`: a name that ends in a number and is no
 * IPv4 address, and labels in Punycode that are none.
 */
function endOfHostName(text: string): number {
  let i = 0;
  let previous = DOT;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === COLON) break;
    if (isHostName[code] !== 1 || (code === DOT && previous === DOT)) return -1;
    previous = code;
  }
  const name = text.slice(0, previous === DOT ? i - 1 : i);
  if (endsInNumber.test(name) && !isIPv4(name)) return -1;
  return hasPunycode.test(name) && !URL.canParse(`http://${name}/`) ? -1 : i;
}

const hasPunycode = /(?:^|\.)xn--/i;
const endsInNumber = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/i;

function endOfIpLiteral(text: string): number {
  const end = text.indexOf("]");
  return end > 0 && isIPv6(text.slice(1, end)) && !text.slice(1, end).includes("%") ? end + 1 : -1;
}

/** Nothing, or a colon and up to five digits (none at all is legal, RFC 3986 section 3.2.3). */
function isPort(text: string, start: number): boolean {
  if (start === text.length) return true;
  if (text.charCodeAt(start) !== COLON || text.length - start > 6) return false;
  let port = 0;
  for (let i = start + 1; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= 65_535;
}

function malformed(found: string): ProxyError {
  return new ProxyError("target_malformed", `Cannot read request target: ${found}`, { source: "downstream" });
}
